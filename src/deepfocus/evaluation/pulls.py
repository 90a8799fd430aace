"""Whether the errors that a finder states are those that it makes.

The pull of a value is (measured - true) / its stated error. With honest errors pulls scatter by 1,
and 68% of the true values lie within one error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.stats import mad_std

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import finite_or_none, wilson_interval
from deepfocus.evaluation.limits import LARGEST_TURN_DEG, MEASURED
from deepfocus.evaluation.residuals import difference, direction_difference
from deepfocus.evaluation.text_table import interval, number, text_table

STATED = MEASURED | {
    "line W20": ("line_w20_chan", difference),
    "line shift": ("line_shift_px", difference),
    "kinematic pa": ("kinematic_pa", direction_difference),
}
"""Columns whose errors are stated, with those that have no bound, and how errors are taken."""


@dataclass(frozen=True)
class Pulls:
    """Pulls of one parameter, over the pairs whose error is stated.

    median, mad_std : of the pulls, NaN without any; within : how many are within one error
    """

    name: str
    n: int
    median: float
    mad_std: float
    within: int

    @property
    def coverage(self) -> float:
        """The share of true values within one stated error; NaN without any."""
        return self.within / self.n if self.n else float("nan")

    @property
    def coverage_interval(self) -> tuple[float, float]:
        """95 per cent Wilson interval of the coverage."""
        return wilson_interval(self.within, self.n)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN is None."""
        return {
            "name": self.name,
            "n": self.n,
            "median": finite_or_none(self.median),
            "mad_std": finite_or_none(self.mad_std),
            "coverage": finite_or_none(self.coverage),
            "coverage_95": [finite_or_none(value) for value in self.coverage_interval],
        }


def pulls_of(truth: Catalogue, found: Catalogue) -> tuple[Pulls, ...]:
    """Pulls of each measured parameter; row i of `truth` matches row i of `found`.

    Of angles, those of true sources that are long enough to have one, where the truth says so.
    """
    return tuple(summary_of(name, pulls) for name, pulls in pull_values(truth, found).items())


def pull_values(truth: Catalogue, found: Catalogue) -> dict[str, np.ndarray]:
    """The pulls by parameter, each (pairs whose error is stated,); pairs as in `pulls_of`."""
    pulls = {}
    for name, (column, error) in STATED.items():
        made, stated = -error(truth[column], found[column]), found[f"{column}_err"]
        told = np.isfinite(made) & np.isfinite(stated) & (stated > 0)
        if column == "pa":
            told &= ~(truth["pa_err"] > LARGEST_TURN_DEG)
        pulls[name] = made[told] / stated[told]
    return pulls


def pulls_table(pulls: Sequence[Pulls]) -> str:
    """A Markdown table of the parameters with stated errors."""
    header = ("parameter", "n", "median pull", "width", "within one error")
    rows = [
        [
            each.name,
            str(each.n),
            number(each.median, digits=2),
            number(each.mad_std, digits=2),
            interval(each.coverage, each.coverage_interval),
        ]
        for each in pulls
        if each.n
    ]
    return text_table(header, rows)


def summary_of(name: str, pulls: np.ndarray) -> Pulls:
    """Of (n,) pulls of one parameter."""
    if not len(pulls):
        return Pulls(name, 0, np.nan, np.nan, 0)
    within = int(np.count_nonzero(np.abs(pulls) < 1))
    return Pulls(name, len(pulls), float(np.median(pulls)), float(mad_std(pulls)), within)
