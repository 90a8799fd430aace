"""Samples of an axis of a cube: channels, rows or columns."""

from __future__ import annotations


def within(low: float, high: float, n: int) -> slice:
    """Samples from `low` to below `high` of an axis of `n`, one at least."""
    first = nearest(low, n)
    return slice(first, max(min(round(high), n), first + 1))


def nearest(value: float, n: int) -> int:
    """The sample of an axis of `n` that is nearest."""
    return min(max(round(value), 0), n - 1)
