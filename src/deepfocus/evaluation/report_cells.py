"""What tables for people show of a row's numbers, and how a share stands in those for machines."""

from __future__ import annotations

from collections.abc import Callable

from deepfocus.evaluation.report_table import Row
from deepfocus.evaluation.text_table import interval, number, percent

Shown = Callable[[Row], str]
UNKNOWN = "-"


def text_of(name: str) -> Shown:
    """The value as it is; '-' if the row has none."""
    return lambda row: str(row.get(name, UNKNOWN))


def number_of(name: str, digits: int) -> Shown:
    """A number with so many decimals; '-' if it is not known."""
    return lambda row: number(row.get(name), digits=digits)


def percent_of(name: str) -> Shown:
    """A share in whole per cent; '-' if it is not known."""
    return lambda row: percent(row.get(name))


def share_of(name: str) -> Shown:
    """A share that `share` has put into the row, with its interval; '-' if it is not known."""

    def shown(row: Row) -> str:
        if name not in row:
            return UNKNOWN
        return interval(row[name], (row[f"{name}_low"], row[f"{name}_high"]))

    return shown


def share(name: str, value: float, bounds: tuple[float, float]) -> dict[str, float]:
    """A share and its interval, as columns of a row."""
    return {name: value, f"{name}_low": bounds[0], f"{name}_high": bounds[1]}
