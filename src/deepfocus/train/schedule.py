"""The learning rate of each iteration: linear warm-up, then constant or a cosine decay to zero."""

from __future__ import annotations

import math


def learning_rate(
    peak: float, *, iteration: int, warm_up: int, progress: float, cosine: bool
) -> float:
    """Learning rate of an iteration, counted from 0 over the whole training.

    It starts at 0 and reaches `peak` after `warm_up` iterations (Goyal et al. 2017). With
    `cosine` it then falls to 0 as `progress`, the completed fraction of the training, goes to 1.
    """
    rate = peak * min(iteration / warm_up, 1.0) if warm_up else peak
    return rate * (1 + math.cos(math.pi * min(progress, 1.0))) / 2 if cosine else rate


def fraction_done(epochs_done: float, epochs: int, minutes: float, max_minutes: float) -> float:
    """Completed fraction of a training that ends at `epochs` or `max_minutes` (0: no limit)."""
    by_time = minutes / max_minutes if max_minutes else 0.0
    return min(max(epochs_done / epochs, by_time), 1.0)
