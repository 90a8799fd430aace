"""Checkpoints: the state of a training run after an epoch, in one file written whole or not at all.

A checkpoint contains the weights, Adam's moments, torch's random state, and the history, which
determines all schedules. A run that resumes from it continues as if never interrupted.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from deepfocus.core.errors import DeepFocusError
from deepfocus.train.tensors import (
    moments_of,
    read_arrays,
    set_moments,
    set_weights,
    weights_of,
    write_arrays,
)

CHECKPOINT = "checkpoint.safetensors"
BEST = "best.safetensors"


@dataclass(frozen=True)
class Epoch:
    """Summary of a finished epoch: losses, final learning rate, iterations and duration.

    examples : that were learned from; learning_seconds : of `seconds`, without validation
    """

    epoch: int
    train_loss: float
    validation_loss: float
    learning_rate: float
    iterations: int
    seconds: float
    examples: int = 0
    learning_seconds: float = 0.0

    @property
    def examples_per_second(self) -> float:
        """That were learned from; 0 where an older log does not say."""
        return self.examples / self.learning_seconds if self.learning_seconds else 0.0


def save_checkpoint(
    folder: Path,
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    history: Sequence[Epoch],
    recipe: dict[str, Any],
) -> None:
    """Write the state after the last epoch of `history`; if it is the best, its weights go first.

    A kill between the two writes does no harm: the epoch is repeated with the same result.
    """
    weights = weights_of(model)
    if best_epoch(history) == history[-1].epoch:
        write_arrays(folder / BEST, weights, dataclasses.asdict(history[-1]))
    arrays = {f"model.{name}": array for name, array in weights.items()}
    arrays |= {f"optimiser.{name}": array for name, array in moments_of(optimiser).items()}
    arrays["random"] = torch.get_rng_state().numpy()
    facts = {"recipe": recipe, "history": [dataclasses.asdict(epoch) for epoch in history]}
    write_arrays(folder / CHECKPOINT, arrays, facts)


def load_checkpoint(
    folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, recipe: dict[str, Any]
) -> list[Epoch]:
    """Restore the state in `folder` and return its history, or an empty one if there is none.

    Raises `DeepFocusError` if it belongs to another network or recipe. The limits `epochs`
    and `max_minutes` may differ, so that a training run can be extended.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return []
    arrays, facts = read_arrays(path)
    limits = ("epochs", "max_minutes")
    differing = sorted(
        key
        for key in (facts["recipe"].keys() | recipe.keys()) - set(limits)
        if facts["recipe"].get(key) != recipe.get(key)
    )
    if differing:
        raise _foreign(path, f"a recipe with another {', '.join(differing)}")
    try:
        set_weights(model, _under("model.", arrays))
    except RuntimeError as error:
        raise _foreign(path, "another network") from error
    set_moments(optimiser, _under("optimiser.", arrays))
    torch.set_rng_state(torch.from_numpy(arrays["random"]))
    return [Epoch(**epoch) for epoch in facts["history"]]


def load_best(folder: Path, model: nn.Module) -> None:
    """Give `model` the weights of the epoch with the lowest validation loss."""
    arrays, _ = read_arrays(folder / BEST)
    set_weights(model, arrays)


def best_epoch(history: Sequence[Epoch]) -> int:
    """The first epoch with the lowest validation loss."""
    return min(history, key=lambda epoch: epoch.validation_loss).epoch


def _under(prefix: str, arrays: dict[str, Any]) -> dict[str, Any]:
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def _foreign(path: Path, what: str) -> DeepFocusError:
    return DeepFocusError(
        f"{path} belongs to {what}",
        wanted="the same network and recipe, to resume",
        remedy="choose another folder, remove the file, or start without resuming",
    )
