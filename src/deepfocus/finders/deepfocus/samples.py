"""Samples of an axis of a cube: channels, rows or columns."""

from __future__ import annotations

from math import ceil, floor


def within(low: float, high: float, n: int) -> slice:
    """Samples from `low` to below `high` of an axis of `n`, one at least."""
    first = nearest(low, n)
    return slice(first, max(min(round(high), n), first + 1))


def between(low: float, high: float, n: int) -> slice:
    """Samples of an axis of `n` from `low` to `high`; that nearest to their middle at least."""
    first, last = max(ceil(low), 0), min(floor(high), n - 1)
    if last < first:
        first = last = nearest((low + high) / 2, n)
    return slice(first, last + 1)


def nearest(value: float, n: int) -> int:
    """The sample of an axis of `n` that is nearest."""
    return min(max(round(value), 0), n - 1)
