"""Errors in units of the Cramer-Rao bound, which a simulated truth has for each parameter.

A spread of 1 is the best that any unbiased measurement can do; 2 is what a survey of a quarter of
the observing time would do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.stats import mad_std

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import finite_or_none
from deepfocus.evaluation.residuals import angle_difference, difference
from deepfocus.evaluation.text_table import number, text_table

MEASURED: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "x": ("x", difference),
    "y": ("y", difference),
    "FWHM x": ("fwhm_x_px", difference),
    "FWHM y": ("fwhm_y_px", difference),
    "pa": ("pa", angle_difference),
    "z": ("channel", difference),
    "line FWHM": ("line_fwhm_chan", difference),
    "line flux": ("line_flux", difference),
}
"""Columns that have a bound, and how their errors are taken."""
LARGEST_TURN_DEG = 30.0
"""A bound on an angle above this says that the angle means nothing."""


@dataclass(frozen=True)
class InBounds:
    """(true - measured) / bound of one parameter, over the pairs that have all three.

    median, mad_std : of that ratio; NaN without pairs
    """

    name: str
    n: int
    median: float
    mad_std: float

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN is None."""
        return {
            "name": self.name,
            "n": self.n,
            "median": finite_or_none(self.median),
            "mad_std": finite_or_none(self.mad_std),
        }


def in_bounds(truth: Catalogue, found: Catalogue) -> tuple[InBounds, ...]:
    """Errors of each parameter in units of its bound; row i of `truth` matches row i of `found`."""
    return tuple(_summary(name, ratio) for name, ratio in bound_ratios(truth, found).items())


def bound_ratios(truth: Catalogue, found: Catalogue) -> dict[str, np.ndarray]:
    """(true - measured) / bound by parameter, each (pairs that have all three,)."""
    return {name: _ratio(*how, truth, found) for name, how in MEASURED.items()}


def _ratio(
    column: str,
    error: Callable[[np.ndarray, np.ndarray], np.ndarray],
    truth: Catalogue,
    found: Catalogue,
) -> np.ndarray:
    bound = truth[f"{column}_err"]
    told = bound < LARGEST_TURN_DEG if column == "pa" else bound > 0
    told &= np.isfinite(bound) & np.isfinite(found[column]) & np.isfinite(truth[column])
    ratio: np.ndarray = error(truth[column][told], found[column][told]) / bound[told]
    return ratio


def _summary(name: str, ratio: np.ndarray) -> InBounds:
    if not len(ratio):
        return InBounds(name, 0, np.nan, np.nan)
    return InBounds(name, len(ratio), float(np.median(ratio)), float(mad_std(ratio)))


def bounds_table(measured: Sequence[InBounds]) -> str:
    """A Markdown table."""
    header = ("parameter", "n", "median error / bound", "spread / bound")
    rows = [
        [each.name, str(each.n), number(each.median, digits=2), number(each.mad_std, digits=2)]
        for each in measured
    ]
    return text_table(header, rows)
