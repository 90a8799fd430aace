"""Completeness and flux recovery, from injected sources: in bins, and as a curve for any source.

The curve is a logistic one in the logarithms of signal-to-noise, size and width, up to the share
that is found of the brightest: others lie on something that was there before. Its error is that of
fits to as many sources drawn anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from astropy.table import Table
from scipy.optimize import minimize
from scipy.special import expit

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.pulls import Pulls, pulls_of
from deepfocus.evaluation.score import Bin
from deepfocus.evaluation.trials import Trials

BINS = 8
"""At most, with as many sources in each."""
FEWEST = 8
"""Sources in a bin."""
REDRAWN = 40
"""Fits that tell the error of the curve."""
WEAK = 0.05
"""Of the curve's dependence on size and width: pulled to none that strongly, in chi^2."""
SLACK = 1.2
"""Times the range of sizes and widths that were injected, in which the curve is believed."""


@dataclass(frozen=True)
class Recovery:
    """Of the sources found with low <= signal-to-noise < high: measured over true flux.

    found : how many; median, low_share, high_share : of the ratio, and its 16th and 84th percentile
    within : share whose stated error holds the true flux
    """

    low: float
    high: float
    found: int
    median: float
    low_share: float
    high_share: float
    within: float


QUANTITIES: dict[str, tuple[str, str]] = {
    "line_snr": ("signal-to-noise of the line", ""),
    "line_flux": ("line flux", "Jy km/s"),
    "line_fwhm": ("line FWHM", "km/s"),
    "size": ("size, geometric mean FWHM", "arcsec"),
    "radius": ("distance from the middle", "beams"),
}
"""By which completeness is told: in words, and unit."""


def values_of(trials: Trials, quantity: str) -> np.ndarray:
    """(n,) one of `QUANTITIES` of the injected sources."""
    truth = trials.truth
    if quantity == "line_snr":
        return trials.line_snr
    if quantity == "radius":
        return trials.radius_beams
    if quantity == "size":
        size: np.ndarray = np.sqrt(truth["fwhm_x"] * truth["fwhm_y"])
        return size
    return truth[quantity]


def binned(trials: Trials, quantity: str) -> tuple[Bin, ...]:
    """Completeness in bins of equal number."""
    values = values_of(trials, quantity)
    return tuple(
        Bin(low, high, _counts(trials.found[here]))
        for low, high, here in _in_bins(values, _edges(values))
    )


def _counts(found: np.ndarray) -> Counts:
    found_of_them = int(np.count_nonzero(found))
    return Counts(tp=found_of_them, fn=len(found) - found_of_them)


def recovered(trials: Trials) -> tuple[Recovery, ...]:
    """Flux recovery of those that nothing else lies on, in bins of signal-to-noise."""
    told = trials.alone & np.isfinite(trials.measured["line_flux"])
    if np.count_nonzero(told) < FEWEST:
        return ()
    ratio = trials.measured["line_flux"] / trials.truth["line_flux"]
    error = trials.measured["line_flux_err"]
    off = np.abs(trials.measured["line_flux"] - trials.truth["line_flux"])
    out = []
    for low, high, here in _in_bins(trials.line_snr, _edges(trials.line_snr[told])):
        if np.count_nonzero(here & told) < FEWEST:
            continue
        each = ratio[here & told]
        stated = here & told & np.isfinite(error)
        within = float(np.mean(off[stated] < error[stated])) if stated.any() else np.nan
        low_share, median, high_share = np.percentile(each, [16, 50, 84]).tolist()
        out.append(Recovery(low, high, len(each), median, low_share, high_share, within))
    return tuple(out)


def flux_pulls(trials: Trials) -> Pulls:
    """Of the fluxes that nothing else adds to: how many stated errors hold the injected one."""
    pulls = pulls_of(trials.truth.where(trials.alone), trials.measured.where(trials.alone))
    return next(each for each in pulls if each.name == "line flux")


@dataclass(frozen=True, eq=False)
class Curve:
    """Completeness of a source of a signal-to-noise, size and width.

    fits : (redrawn, 5) of the curve to the sources, and to as many drawn anew; the first is its own
    ranges : of ln signal-to-noise, size and width, that were injected
    """

    fits: np.ndarray
    ranges: tuple[tuple[float, float], ...]

    def of(self, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) completeness and its error; NaN where size or width are beyond what was injected.

        at : (n, 3) as `_coordinates`. A signal-to-noise beyond counts as that at the end.
        """
        inside = np.clip(at, *np.array(self.ranges).T)
        beyond = np.abs(at - inside)[:, 1:].max(axis=1) > np.log(SLACK)
        told = np.isfinite(at).all(axis=1) & ~beyond
        values = np.array([_curve(fit, np.nan_to_num(inside)) for fit in self.fits])
        spread = values[1:].std(axis=0)
        return np.where(told, values[0], np.nan), np.where(told, spread, np.nan)

    def at_snr(self, snr: np.ndarray) -> np.ndarray:
        """(n,) for sources of the middle of the sizes and widths."""
        middle = [0.5 * (low + high) for low, high in self.ranges[1:]]
        at = np.column_stack([np.log(snr), *(np.full(len(snr), each) for each in middle)])
        return self.of(at)[0]


def curve_of(trials: Trials, *, beam_arcsec: float, seed: int = 0) -> Curve:
    """The curve of injected sources."""
    at = _coordinates(trials.truth, trials.line_snr, beam_arcsec)
    rng = np.random.default_rng(seed)
    some = [np.arange(len(at)), *rng.integers(len(at), size=(REDRAWN, len(at)))]
    fits = np.array([_fitted(at[which], trials.found[which]) for which in some])
    return Curve(fits, tuple((float(low), float(high)) for low, high in _ranges(at)))


def with_completeness(
    found: Catalogue, line_snr: np.ndarray, curve: Curve, *, beam_arcsec: float
) -> Catalogue:
    """A catalogue with the completeness for sources like each of its own."""
    positive = np.where(line_snr > 0, line_snr, np.nan)
    share, error = curve.of(_coordinates(found, positive, beam_arcsec))
    return found.with_columns(completeness=share, completeness_err=error)


def tables_of(trials: Trials) -> tuple[Table, Table]:
    """Completeness and recovery as tables."""
    rows = [
        (name, QUANTITIES[name][1], each.low, each.high, each.counts.n_true, each.counts.tp,
         each.counts.recall, *each.counts.recall_interval())
        for name in QUANTITIES
        for each in binned(trials, name)
    ]  # fmt: skip
    shares = Table(
        rows=rows or None,
        names=("by", "unit", "low", "high", "injected", "found", "completeness",
               "completeness_low", "completeness_high"),
        dtype=("U12", "U8", "f8", "f8", "i8", "i8", "f8", "f8", "f8"),
    )  # fmt: skip
    fluxes = Table(
        rows=[tuple(vars(each).values()) for each in recovered(trials)] or None,
        names=("line_snr_low", "line_snr_high", "found", "median_ratio", "ratio_16", "ratio_84",
               "within_error"),
        dtype=("f8", "f8", "i8", "f8", "f8", "f8", "f8"),
    )  # fmt: skip
    return shares, fluxes


def _coordinates(sources: Catalogue, line_snr: np.ndarray, beam_arcsec: float) -> np.ndarray:
    """(n, 3) logarithms of signal-to-noise, size as the beam shows it, and width in channels."""
    size = np.nan_to_num(sources["fwhm_x"]) * np.nan_to_num(sources["fwhm_y"])
    shown = 0.5 * np.log1p(np.maximum(size, 0.0) / beam_arcsec**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        at: np.ndarray = np.column_stack(
            [np.log(line_snr), shown, np.log(sources["line_fwhm_chan"])]
        )
    return at


def _ranges(at: np.ndarray) -> Iterator[tuple[float, float]]:
    for column in at.T:
        yield float(np.nanmin(column)), float(np.nanmax(column))


def _curve(fit: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(n,) completeness. fit : logit of the highest, offset, and slopes of the three"""
    share: np.ndarray = expit(fit[0]) * expit(fit[1] + at @ fit[2:])
    return share


def _fitted(at: np.ndarray, found: np.ndarray) -> np.ndarray:
    """(5,) the likeliest curve; all found, or none, is as likely as steps make it."""
    middle = at.mean(axis=0)

    def cost(fit: np.ndarray) -> float:
        share = np.clip(_curve(fit, at - middle), 1e-9, 1 - 1e-9)
        likelihood = np.sum(np.log(np.where(found, share, 1 - share)))
        return float(-likelihood + 0.5 * WEAK * np.sum(fit[3:] ** 2) + 1e-3 * np.sum(fit**2))

    best = minimize(cost, np.array([3.0, 0.0, 3.0, 0.0, 0.0]), method="BFGS").x
    # in the coordinates themselves
    best[1] -= best[2:] @ middle
    return np.asarray(best)


def _edges(values: np.ndarray) -> np.ndarray:
    bins = int(np.clip(len(values) // FEWEST, 1, BINS))
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
    return edges if len(edges) > 1 else np.repeat(edges, 2)


def _in_bins(
    values: np.ndarray, edges: Sequence[float] | np.ndarray
) -> Iterator[tuple[float, float, np.ndarray]]:
    """Low and high ends, and (n,) bool; the last one has its high end too."""
    for i, (low, high) in enumerate(pairwise(np.asarray(edges).tolist())):
        last = i == len(edges) - 2
        here = (values >= low) & ((values <= high) if last else (values < high))
        if here.any():
            yield low, high, here
