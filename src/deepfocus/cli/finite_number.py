"""A number as an option, which "nan" and "inf" are not."""

from __future__ import annotations

from math import isfinite
from typing import Any

import click


class FiniteNumber(click.FloatRange):
    """Between limits, if there are any."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. Raises `click.BadParameter`."""
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value} is not a finite number", param, ctx)
        return number


FINITE = FiniteNumber()
