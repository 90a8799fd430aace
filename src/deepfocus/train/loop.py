"""The one training loop (section 4.5): Adam, warm-up, early stopping, checkpoints.

It knows nothing of cubes: batches come in as arrays, already normalised and augmented by what
makes them. Batches depend on the epoch's number alone, so a resumed training sees the same.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from deepfocus.core.errors import DeepFocusError
from deepfocus.train.checkpoint import (
    Epoch,
    best_epoch,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
from deepfocus.train.curve import draw_curve
from deepfocus.train.log import write_log
from deepfocus.train.recipe import Recipe, recipe_to
from deepfocus.train.schedule import fraction_done, learning_rate

Batch = tuple[NDArray[Any], NDArray[Any]]
Batches = Callable[[int], Iterable[Batch]]

LOG = "log.jsonl"
CURVE = "curve.png"
CURVE_SECONDS = 20  # at most so often the curve is drawn, which takes longer than a short epoch


@dataclass(frozen=True)
class Result:
    """A finished training.

    model : the network with its best weights, in evaluation mode
    history : all epochs, also those before a resume
    stopped : what ended it: ``"epochs"``, ``"early stopping"`` or ``"time"``
    """

    model: nn.Module
    history: tuple[Epoch, ...]
    stopped: str

    @property
    def best(self) -> Epoch:
        """The epoch whose weights the model has."""
        first = best_epoch(self.history)
        return next(epoch for epoch in self.history if epoch.epoch == first)


def fit(
    model: nn.Module,
    train_batches: Batches,
    validation_batches: Callable[[], Iterable[Batch]],
    *,
    recipe: Recipe,
    folder: Path,
    resume: bool = True,
    progress: bool = True,
    threads: int = 1,
    device: str = "cpu",
) -> Result:
    """Train `model` in place by `recipe` and return it with its best weights.

    Arguments
    ---------
    model : network, moved to `device`
    train_batches : epoch number (from 0) -> batches (input, target) of that epoch; to be
        seeded by the epoch alone
    validation_batches : -> the validation's batches, the same at each call
    recipe : settings of the training
    folder : gets the checkpoint, the best weights, `log.jsonl` after each epoch;
        `curve.png` now and then and at the end
    resume : go on from the checkpoint in `folder` if there is one, else begin anew
    progress : show a bar, where standard error is a terminal
    threads : threads of torch
    device : torch device

    Raises `DeepFocusError` if the checkpoint is another training's, if there are no batches, or
    if the loss is no longer a finite number.
    """
    folder = Path(folder)
    table = recipe_to(recipe)
    torch.set_num_threads(threads)
    torch.manual_seed(recipe.seed)
    model.to(device)
    # Convolutions of images are a fifth faster on CPU with the channels last in memory.
    # (torch's annotations lack this form of `to`.)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.Adam(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    history = load_checkpoint(folder, model, optimiser, table) if resume else []
    name = type(model).__name__
    bar = tqdm(
        total=recipe.epochs,
        initial=len(history),
        desc=name,
        unit="epoch",
        disable=not (progress and sys.stderr.isatty()),
    )
    drawn = -math.inf
    with bar:
        while not (stopped := _stopped(history, recipe)):
            epoch = _one_epoch(
                model, optimiser, train_batches, validation_batches, recipe, history, device
            )
            history.append(epoch)
            save_checkpoint(folder, model, optimiser, history, table)
            write_log(folder / LOG, history)
            if time.monotonic() - drawn > CURVE_SECONDS:
                draw_curve(folder / CURVE, history, title=name)
                drawn = time.monotonic()
            bar.set_postfix(train=epoch.train_loss, validation=epoch.validation_loss)
            bar.update()
    draw_curve(folder / CURVE, history, title=name)
    load_best(folder, model)
    model.eval()
    return Result(model, tuple(history), stopped)


def _stopped(history: list[Epoch], recipe: Recipe) -> str:
    """What ends the training now; empty while it goes on."""
    if len(history) >= recipe.epochs:
        return "epochs"
    if recipe.early_stopping([epoch.validation_loss for epoch in history]):
        return "early stopping"
    if recipe.max_minutes and _minutes(history) >= recipe.max_minutes:
        return "time"
    return ""


def _one_epoch(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    train_batches: Batches,
    validation_batches: Callable[[], Iterable[Batch]],
    recipe: Recipe,
    history: list[Epoch],
    device: str,
) -> Epoch:
    start = time.monotonic()
    number = len(history)
    minutes = _minutes(history)
    before = sum(epoch.iterations for epoch in history)
    # An epoch's length is known only from the one before it; schedules move on within the
    # epoch by that, and by time only where a limit of time is set.
    expected = history[-1].iterations if history else 0
    total, examples, iterations, rate = 0.0, 0, 0, 0.0
    model.train()
    for inputs, targets in train_batches(number):
        done = number + (min(iterations / expected, 1.0) if expected else 0.0)
        now = minutes + (time.monotonic() - start) / 60
        fraction = fraction_done(done, recipe.epochs, now, recipe.max_minutes)
        rate = learning_rate(
            recipe.learning_rate,
            iteration=before + iterations,
            warm_up=recipe.warm_up,
            progress=fraction,
            cosine=recipe.cosine,
        )
        loss_epoch = max(number, fraction * recipe.epochs) if recipe.max_minutes else number
        loss = _step(model, optimiser, inputs, targets, recipe, rate, loss_epoch, device)
        if not math.isfinite(loss):
            raise DeepFocusError(
                f"the training loss is {loss} at epoch {number}, iteration {iterations}",
                wanted="a finite loss",
                remedy="lower the learning rate, or look for NaN in the training data",
            )
        total += loss * len(inputs)
        examples += len(inputs)
        iterations += 1
    if not examples:
        raise DeepFocusError(
            f"there are no training batches in epoch {number}",
            wanted="at least one batch an epoch",
            remedy="give more examples or a smaller batch",
        )
    validation = validation_loss(model, validation_batches(), recipe, device=device)
    seconds = time.monotonic() - start
    return Epoch(number, total / examples, validation, rate, iterations, seconds)


def _step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    inputs: NDArray[Any],
    targets: NDArray[Any],
    recipe: Recipe,
    rate: float,
    epoch: float,
    device: str,
) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad()
    with torch.autocast(device, dtype=torch.bfloat16, enabled=recipe.bfloat16):
        prediction = model(_tensor(inputs, device))
    loss: Tensor = recipe.loss(prediction.float(), _tensor(targets, device), epoch)
    loss.backward()
    if recipe.clip:
        nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
    optimiser.step()
    return loss.item()


@torch.no_grad()
def validation_loss(
    model: nn.Module, batches: Iterable[Batch], recipe: Recipe, *, device: str = "cpu"
) -> float:
    """Mean loss over all examples, by the recipe's validation loss in its last epoch.

    Raises `DeepFocusError` if there are no examples.
    """
    model.eval()
    loss = recipe.validation_loss or recipe.loss
    total, examples = 0.0, 0
    for inputs, targets in batches:
        value = loss(model(_tensor(inputs, device)), _tensor(targets, device), recipe.epochs)
        total += value.item() * len(inputs)
        examples += len(inputs)
    if not examples:
        raise DeepFocusError(
            "there are no validation batches",
            wanted="at least one example to validate with",
            remedy="give validation examples",
        )
    return total / examples


def _minutes(history: list[Epoch]) -> float:
    return sum(epoch.seconds for epoch in history) / 60


def _tensor(array: NDArray[Any], device: str) -> Tensor:
    tensor = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device)
    return tensor.to(memory_format=torch.channels_last) if tensor.ndim == 4 else tensor
