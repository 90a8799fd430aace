"""Numbers of a recipe that are too small to train with."""

from __future__ import annotations

from collections.abc import Mapping

from deepfocus.core.errors import DeepFocusError


def check_least(table: str, numbers: Mapping[str, tuple[float, float]]) -> None:
    """Raise `DeepFocusError` if one of these is below the least that it may be.

    table : of the recipe, in which they stand; numbers : value and least value of each, by name
    """
    for name, (value, least) in numbers.items():
        if not value >= least:
            raise DeepFocusError(
                f"{name} = {value:g} in a table [{table}] of the recipe",
                wanted=f"at least {least:g}",
                remedy="correct it",
            )
