"""The one training loop (section 4.5): Adam, warm-up, early stopping, checkpoints.

The loop knows nothing about cubes: batches arrive as arrays, already encoded and augmented. They
depend only on the epoch number, so a resumed run sees the same batches.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import parts_to
from deepfocus.jobs.tally import Report, silent
from deepfocus.train.checkpoint import (
    Epoch,
    best_epoch,
    load_best,
    load_checkpoint,
    save_checkpoint,
)
from deepfocus.train.curve import draw_curve
from deepfocus.train.log import write_log
from deepfocus.train.machine import PROCESSOR, Batch, Machine
from deepfocus.train.recipe import Recipe
from deepfocus.train.schedule import fraction_done, learning_rate

LOG = "log.jsonl"
CURVE = "curve.png"
CHECKED = 50
"""Iterations after which a loss that is not finite is noticed."""
CURVE_SECONDS = 20  # minimum time between plots: drawing takes longer than a short epoch


@dataclass(frozen=True)
class Batches:
    """The data of a training run.

    training : epoch number (from 0) -> batches (input, target) of that epoch; to be seeded by
        the epoch alone
    validation : () -> validation batches, the same at each call
    """

    training: Callable[[int], Iterable[Batch]]
    validation: Callable[[], Iterable[Batch]]


@dataclass(frozen=True)
class Result:
    """A finished training run.

    model : the network with its best weights, in evaluation mode
    history : all epochs, including those before a resume
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
    batches: Batches,
    *,
    recipe: Recipe,
    folder: Path,
    resume: bool = True,
    report: Report = silent,
    machine: Machine = PROCESSOR,
) -> Result:
    """Train `model` in place according to `recipe` and return it with its best weights.

    Arguments
    ---------
    model : network, moved to the machine's device
    batches : training and validation data
    recipe : training settings
    folder : receives the checkpoint, the best weights and `log.jsonl` after each epoch, and
        `curve.png` occasionally and at the end
    resume : continue from the checkpoint in `folder` if there is one; otherwise start afresh
    report : called after each epoch
    machine : where torch runs

    Raises `DeepFocusError` if the checkpoint belongs to another training run, if there are no
    batches, or if the loss is not finite.
    """
    folder, table = Path(folder), parts_to(recipe)
    training = _training(model, batches, recipe, machine)
    history = load_checkpoint(folder, model, training.optimiser, table) if resume else []
    name = type(model).__name__
    drawn = -math.inf
    while not (stopped := _stopped(history, recipe)):
        epoch = training.one_epoch(history)
        history.append(epoch)
        save_checkpoint(folder, model, training.optimiser, history, table)
        write_log(folder / LOG, history)
        if time.monotonic() - drawn > CURVE_SECONDS:
            draw_curve(folder / CURVE, history, title=name)
            drawn = time.monotonic()
        report(len(history), recipe.epochs, _in_words(name, epoch))
    draw_curve(folder / CURVE, history, title=name)
    load_best(folder, model)
    model.eval()
    return Result(model, tuple(history), stopped)


def _in_words(name: str, epoch: Epoch) -> str:
    losses = f"loss {epoch.train_loss:.4g}, validation {epoch.validation_loss:.4g}"
    return f"{name}: {losses}, {epoch.examples_per_second:.3g} examples a second"


def _stopped(history: list[Epoch], recipe: Recipe) -> str:
    """The reason to stop training now, or empty to continue."""
    if len(history) >= recipe.epochs:
        return "epochs"
    if recipe.early_stopping([epoch.validation_loss for epoch in history]):
        return "early stopping"
    if recipe.max_minutes and _minutes(history) >= recipe.max_minutes:
        return "time"
    return ""


def _training(model: nn.Module, batches: Batches, recipe: Recipe, machine: Machine) -> _Training:
    """The model on its device, with its optimiser."""
    torch.manual_seed(recipe.seed)
    machine.placed(model)
    optimiser = machine.adam(model, rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return _Training(model, machine.compiled(model), optimiser, batches, recipe, machine)


@dataclass(frozen=True)
class _Training:
    """A model with everything needed to train it. learner : the model, as it computes"""

    model: nn.Module
    learner: nn.Module
    optimiser: torch.optim.Optimizer
    batches: Batches
    recipe: Recipe
    machine: Machine

    def one_epoch(self, history: list[Epoch]) -> Epoch:
        """Run through the training batches once, then through the validation batches."""
        start = time.monotonic()
        number = len(history)
        clock = _Clock.after(history, start=start)
        # summed where it is: to ask for each loss would let an accelerator wait
        total = torch.zeros((), dtype=torch.float64, device=self.machine.device)
        examples, iterations, rate = 0, 0, 0.0
        self.model.train()
        for inputs, targets in self.machine.tensors(self.batches.training(number)):
            fraction = clock.fraction_done(iterations, self.recipe)
            rate = learning_rate(
                self.recipe.learning_rate,
                iteration=clock.iterations + iterations,
                warm_up=self.recipe.warm_up,
                progress=fraction,
                cosine=self.recipe.cosine,
            )
            timed = self.recipe.max_minutes
            loss_epoch = max(number, fraction * self.recipe.epochs) if timed else number
            loss = self.step(inputs, targets, rate=rate, epoch=loss_epoch)
            total += loss.double() * len(inputs)
            examples += len(inputs)
            iterations += 1
            if iterations % CHECKED == 0:
                _refuse_infinite(total, number, iterations)
        if not examples:
            raise DeepFocusError(
                f"there are no training batches in epoch {number}",
                wanted="at least one batch per epoch",
                remedy="give more examples or a smaller batch",
            )
        _refuse_infinite(total, number, iterations)
        learned = time.monotonic() - start
        validation = validation_loss(
            self.model, self.batches.validation(), self.recipe, machine=self.machine
        )
        if not math.isfinite(validation):
            raise _infinite("validation", validation, f"epoch {number}")
        return Epoch(
            epoch=number,
            train_loss=total.item() / examples,
            validation_loss=validation,
            learning_rate=rate,
            iterations=iterations,
            seconds=time.monotonic() - start,
            examples=examples,
            learning_seconds=learned,
        )

    def step(self, inputs: Tensor, targets: Tensor, *, rate: float, epoch: float) -> Tensor:
        """Take one optimiser step and return the loss before it."""
        recipe = self.recipe
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        with self.machine.precision(bfloat16=recipe.bfloat16):
            prediction = self.learner(inputs)
        loss: Tensor = recipe.loss(prediction.float(), targets, epoch)
        torch.autograd.backward(loss)
        if recipe.clip:
            nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        self.optimiser.step()
        return loss.detach()


def _refuse_infinite(total: Tensor, epoch: int, iterations: int) -> None:
    """Raise `DeepFocusError` if the losses of an epoch do not add up to a finite number."""
    if not math.isfinite(total.item()):
        where = f"the first {iterations} iterations of epoch {epoch}"
        raise _infinite("training", total.item(), where)


def _infinite(which: str, loss: float, where: str) -> DeepFocusError:
    return DeepFocusError(
        f"the {which} loss is {loss} in {where}",
        wanted="a finite loss",
        remedy=f"lower the learning rate, or look for NaN in the {which} data",
    )


@dataclass(frozen=True)
class _Clock:
    """Progress of a training run, including progress within the current epoch.

    An epoch's length is known only from the previous epoch. Schedules advance within an epoch by
    that length, and by time only if a time limit is set.
    """

    epochs: int
    iterations: int
    expected: int
    minutes: float
    start: float

    @classmethod
    def after(cls, history: list[Epoch], *, start: float) -> _Clock:
        """The clock at the start of the epoch that follows `history`."""
        return cls(
            epochs=len(history),
            iterations=sum(epoch.iterations for epoch in history),
            expected=history[-1].iterations if history else 0,
            minutes=_minutes(history),
            start=start,
        )

    def fraction_done(self, iterations: int, recipe: Recipe) -> float:
        """Fraction of the whole run that is done after `iterations` of this epoch."""
        within = min(iterations / self.expected, 1.0) if self.expected else 0.0
        now = self.minutes + (time.monotonic() - self.start) / 60
        return fraction_done(self.epochs + within, recipe.epochs, now, recipe.max_minutes)


@torch.no_grad()
def validation_loss(
    model: nn.Module, batches: Iterable[Batch], recipe: Recipe, *, machine: Machine = PROCESSOR
) -> float:
    """Mean over all examples of the recipe's validation loss, taken as in its last epoch.

    Raises `DeepFocusError` if there are no examples.
    """
    model.eval()
    loss = recipe.validation_loss or recipe.loss
    total, examples = 0.0, 0
    for inputs, targets in machine.tensors(batches):
        value = loss(model(inputs), targets, recipe.epochs)
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
