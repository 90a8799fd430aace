"""An option that takes two numbers: the ends of a range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from deepfocus.cli.finite_number import FINITE

Range = tuple[float, float]


def range_option(*names: str, default: Range, says: str) -> Callable[[Any], Any]:
    """names : as of `click.option`; says : its help"""
    return click.option(
        *names,
        nargs=2,
        type=FINITE,
        default=default,
        show_default=True,
        metavar="LOW HIGH",
        help=says,
    )
