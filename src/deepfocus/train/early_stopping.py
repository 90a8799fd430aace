"""Early stopping: the paper's rule on the moving average of the validation loss (section 4.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepfocus.train.least import check_least


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` consecutive epochs that do not beat a moving average.

    An epoch improves if its validation loss is below the mean of the (up to) `window`
    validation losses before it. A patience of 0 never stops.
    """

    window: int = 10
    patience: int = 10

    def __post_init__(self) -> None:
        check_least("early_stopping", {"window": (self.window, 1), "patience": (self.patience, 0)})

    def __call__(self, losses: Sequence[float]) -> bool:
        """Whether to stop, given the validation losses of all epochs so far."""
        return 0 < self.patience <= self.stale_epochs(losses)

    def stale_epochs(self, losses: Sequence[float]) -> int:
        """Number of consecutive epochs without improvement, counted back from the last."""
        stale = 0
        for epoch in range(len(losses) - 1, 0, -1):
            before = losses[max(0, epoch - self.window) : epoch]
            if losses[epoch] < sum(before) / len(before):
                break
            stale += 1
        return stale
