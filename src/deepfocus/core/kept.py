"""Results that are kept because they are asked for again: many small ones, or a few large ones."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache, wraps
from typing import TypeVar

Made = TypeVar("Made")

SMALL_PX = 512
"""Largest image side of which many results are kept: beams of one take up to 30 MB."""
MANY, FEW = 16, 2


def kept(size_px: Callable[..., int]) -> Callable[[Callable[..., Made]], Callable[..., Made]]:
    """Keep the results of a function of hashable arguments, as `functools.lru_cache` does.

    size_px : gives the image side from the function's arguments. Of small images the last `MANY`
    results are kept, for sets whose kinds of cube take turns; of larger ones the last `FEW`.
    """

    def decorated(make: Callable[..., Made]) -> Callable[..., Made]:
        many, few = lru_cache(MANY)(make), lru_cache(FEW)(make)

        @wraps(make)
        def found(*arguments: Hashable) -> Made:
            small = size_px(*arguments) <= SMALL_PX
            return many(*arguments) if small else few(*arguments)

        return found

    return decorated
