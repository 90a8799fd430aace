"""Residuals of every parameter of the paper's Table 5, and their summaries.

Residuals are true - predicted (Eq 23); relative residuals are divided by the true value (Eq 24).
Position angles repeat after 180 degrees, so their residuals are wrapped to [-90, 90). The paper's
clockwise angle lies in (0, 90]. Its residuals are plain differences, as in the paper, so that the
ambiguity of round sources at both ends shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.stats import mad_std

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import finite_or_none

ROUND = 0.8  # minor/major FWHM above which a position angle means little
WITHIN = (0.01, 0.1, 0.2)


def difference(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """true - predicted (Eq 23)."""
    residual: np.ndarray = np.asarray(true) - np.asarray(predicted)
    return residual


def angle_difference(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """true - predicted for angles that repeat after 180 deg, in [-90, 90) deg."""
    wrapped: np.ndarray = (difference(true, predicted) + 90.0) % 180.0 - 90.0
    return wrapped


def direction_difference(true: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """true - predicted for directions, in [-180, 180) deg."""
    wrapped: np.ndarray = (difference(true, predicted) + 180.0) % 360.0 - 180.0
    return wrapped


def clockwise_angle(pa: np.ndarray) -> np.ndarray:
    """The paper's projection angle of a source's x axis, (0, 90] deg, from `pa`."""
    return 90.0 - np.asarray(pa) % 90.0


@dataclass(frozen=True)
class Parameter:
    """How one parameter is read from a catalogue and compared.

    paper : mean and standard deviation in Table 5; `paper_unit` : if it differs from our unit
    paper_within : the paper's fractions within 1, 10 and 20 per cent (section 5.2)
    relative : whether relative errors are meaningful (for a flux or an angle, not for a position)
    only : gives the mask of the true sources to include; None for all
    """

    name: str
    unit: str
    value: Callable[[Catalogue], np.ndarray]
    paper: tuple[float, float] | None = None
    paper_unit: str | None = None
    paper_within: tuple[float, float, float] | None = None
    relative: bool = False
    residual: Callable[[np.ndarray, np.ndarray], np.ndarray] = difference
    only: Callable[[Catalogue], np.ndarray] | None = None


def column(name: str) -> Callable[[Catalogue], np.ndarray]:
    """A function that reads one column."""
    return lambda catalogue: catalogue[name]


def elongated(truth: Catalogue) -> np.ndarray:
    """Mask of the sources with a meaningful position angle: minor/major FWHM < `ROUND`."""
    x, y = truth["fwhm_x_px"], truth["fwhm_y_px"]
    mask: np.ndarray = np.minimum(x, y) < ROUND * np.maximum(x, y)
    return mask


PARAMETERS: tuple[Parameter, ...] = (
    Parameter("x", "px", column("x"), (-0.004, 0.73)),
    Parameter("y", "px", column("y"), (-0.005, 0.67)),
    Parameter("FWHM x", "px", column("fwhm_x_px"), (-0.04, 0.46)),
    Parameter("FWHM y", "px", column("fwhm_y_px"), (-0.12, 0.45)),
    Parameter("z", "chan", column("channel"), (0.0, 0.003)),
    Parameter("dz", "chan", lambda cat: 2 * cat["line_fwhm_chan"], (0.0, 0.001)),
    Parameter("pa", "deg", column("pa"), relative=True, residual=angle_difference),
    Parameter(
        f"pa, axis ratio < {ROUND:g}",
        "deg",
        column("pa"),
        relative=True,
        residual=angle_difference,
        only=elongated,
    ),
    Parameter(
        "clockwise angle",
        "deg",
        lambda cat: clockwise_angle(cat["pa"]),
        (-0.65, 20.28),
        paper_within=(0.53, 0.73, 0.81),
        relative=True,
    ),
    Parameter(
        "line flux",
        "Jy km/s",
        column("line_flux"),
        (-9.56, 20.08),
        paper_unit="mJy/beam",
        paper_within=(0.68, 0.80, 0.87),
        relative=True,
    ),
    Parameter(
        "summed brightness", "mJy/beam", column("summed_brightness"), (-9.56, 20.08), relative=True
    ),
)
"""Table 5 in its order; angle and flux also as the paper defines them."""


@dataclass(frozen=True)
class Residuals:
    """Summary of one parameter over matched pairs; NaN if no pair has both values.

    within : fractions of pairs with |relative error| < 1, 10 and 20 per cent, or None
    relative_mean, relative_std : mean and std of the relative errors, or None
    """

    name: str
    unit: str
    n: int
    mean: float
    std: float
    median: float
    mad_std: float
    relative_mean: float | None = None
    relative_std: float | None = None
    within: tuple[float, ...] | None = None
    paper: tuple[float, float] | None = None
    paper_unit: str | None = None
    paper_within: tuple[float, ...] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON; NaN becomes None."""
        out: dict[str, Any] = {
            "name": self.name,
            "unit": self.unit,
            "n": self.n,
            "mean": finite_or_none(self.mean),
            "std": finite_or_none(self.std),
            "median": finite_or_none(self.median),
            "mad_std": finite_or_none(self.mad_std),
        }
        if self.within is not None:
            out["relative_mean"] = finite_or_none(self.relative_mean)
            out["relative_std"] = finite_or_none(self.relative_std)
            fractions = zip(WITHIN, self.within, strict=True)
            out["within"] = {f"{limit:g}": finite_or_none(value) for limit, value in fractions}
        if self.paper is not None:
            unit = self.paper_unit or self.unit
            out["paper"] = {"mean": self.paper[0], "std": self.paper[1], "unit": unit}
        return out


def residuals_of(parameter: Parameter, truth: Catalogue, found: Catalogue) -> Residuals:
    """The summary of one parameter; row i of `truth` matches row i of `found`."""
    true, _, residual = paired(parameter, truth, found)
    mean, std, median, spread = _summary(residual)
    relative: dict[str, Any] = {}
    if parameter.relative:
        # A true value of 0, which a position angle may have, gives no relative error.
        usable = true != 0
        errors = residual[usable] / true[usable]
        relative_mean, relative_std, _, _ = _summary(errors)
        within = tuple(
            float(np.mean(np.abs(errors) < limit)) if len(errors) else math.nan for limit in WITHIN
        )
        relative = {
            "relative_mean": relative_mean,
            "relative_std": relative_std,
            "within": within,
        }
    return Residuals(
        name=parameter.name,
        unit=parameter.unit,
        n=len(residual),
        mean=mean,
        std=std,
        median=median,
        mad_std=spread,
        paper=parameter.paper,
        paper_unit=parameter.paper_unit,
        paper_within=parameter.paper_within,
        **relative,
    )


def paired(
    parameter: Parameter, truth: Catalogue, found: Catalogue
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True values, predicted values and residuals of the pairs that have both, each (n,)."""
    true, predicted = parameter.value(truth), parameter.value(found)
    both = np.isfinite(true) & np.isfinite(predicted)
    if parameter.only is not None:
        both &= parameter.only(truth)
    return true[both], predicted[both], parameter.residual(true[both], predicted[both])


def all_residuals(truth: Catalogue, found: Catalogue) -> tuple[Residuals, ...]:
    """`residuals_of` for every parameter of Table 5."""
    return tuple(residuals_of(parameter, truth, found) for parameter in PARAMETERS)


def share_within(name: str, limit: float, truth: Catalogue, found: Catalogue) -> float:
    """Share of the pairs whose relative error (Eq 24) of one parameter is below `limit`."""
    parameter = next(each for each in PARAMETERS if each.name == name)
    true, _, residual = paired(parameter, truth, found)
    usable = true != 0
    errors = np.abs(residual[usable] / true[usable])
    return float(np.mean(errors < limit)) if len(errors) else math.nan


def _summary(values: np.ndarray) -> tuple[float, float, float, float]:
    if not len(values):
        return math.nan, math.nan, math.nan, math.nan
    return (
        float(np.mean(values)),
        float(np.std(values)),
        float(np.median(values)),
        float(mad_std(values)),
    )
