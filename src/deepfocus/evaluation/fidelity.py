"""Fidelity: how much of what stands out as much as a source stands out below zero.

As LineSeeker counts it (Gonzalez-Lopez et al. 2019, ApJ 882, 139, section 3.1): peaks of both signs
by signal-to-noise and line width, the negative ones fitted with the tail of a Gaussian,

    N(>= s) = N(>= s0) erfc(s / (sqrt(2) sigma)) / erfc(s0 / (sqrt(2) sigma)),

sigma that of all widths, N(>= s0) that of each; F(s) = 1 - N_negative(>= s) / N_positive(>= s).
Where more negative peaks were counted than the fit has, as a few artefacts leave, the count stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy.table import Table
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr
from scipy.stats import poisson

from deepfocus.core.catalogue import Catalogue
from deepfocus.finders.deepfocus.both_signs import BothSigns

FEWEST = 5
"""Negative peaks, from which their tail is fitted; with fewer, that of unit noise is taken."""
LEAST_SIGMA, LARGEST_SIGMA = 0.5, 3.0
UNLIKELY = 1e-3
"""Probability of as many negative peaks, or as few, below which noise is not as the theory has it.

Of all signal-to-noise ratios that are looked at.
"""
STEPS = 40
"""Of the curves."""


@dataclass(frozen=True, eq=False)
class Counts:
    """Signal-to-noise ratios of peaks, by the width of their filter.

    up, down : (n,) ; up_width, down_width : (n,) index into widths_chan
    lowest : of all that were counted
    """

    up: np.ndarray
    up_width: np.ndarray
    down: np.ndarray
    down_width: np.ndarray
    lowest: float
    widths_chan: tuple[float, ...]


def counts_of(found: BothSigns) -> Counts:
    """Sources that were accepted stand up beside the peaks that are no sources."""
    sources = found.detection.catalogue.accepted
    widths = np.concatenate([[peak.width_chan for peak in found.up], sources["line_fwhm_chan"]])
    return Counts(
        up=np.concatenate([[peak.snr for peak in found.up], sources["snr_focused"]]),
        up_width=nearest_width(widths, found.widths_chan),
        down=np.array([peak.snr for peak in found.down]),
        down_width=nearest_width([peak.width_chan for peak in found.down], found.widths_chan),
        lowest=found.threshold,
        widths_chan=found.widths_chan,
    )


def nearest_width(widths: Sequence[float] | np.ndarray, of: tuple[float, ...]) -> np.ndarray:
    """(n,) index of the filter as wide as a line, by ratio; an unknown width is the first."""
    known = np.nan_to_num(np.asarray(widths, float), nan=of[0])
    apart = np.abs(np.log(np.maximum(known, of[0]))[:, None] - np.log(of))
    nearest: np.ndarray = apart.argmin(axis=1) if len(known) else np.empty(0, int)
    return nearest


@dataclass(frozen=True, eq=False)
class Fidelity:
    """The fit to negative peaks, and the positive ones beside it.

    sigma, sigma_err : of the tail, in units of the noise
    """

    counts: Counts
    sigma: float
    sigma_err: float

    def negative(self, snr: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) negative peaks expected of such widths above such values, and the fit's error."""
        each = np.bincount(self.counts.down_width, minlength=len(self.counts.widths_chan))
        n = each[width].astype(float)
        lowest, snr = self.counts.lowest, np.maximum(snr, self.counts.lowest)
        tail = np.exp(_log_tail(snr, self.sigma) - _log_tail(lowest, self.sigma))
        wider = self.sigma + self.sigma_err
        other = np.exp(_log_tail(snr, wider) - _log_tail(lowest, wider))
        expected = n * tail
        # of none that were counted, up to one may be there
        return expected, np.hypot(np.sqrt(np.maximum(n, 1.0)) * tail, n * (other - tail))

    def of(self, snr: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) fidelity and its error, of peaks of such values and widths (index)."""
        expected, error = self.negative(snr, width)
        counts = self.counts
        up, down = (
            ((peaks[None] >= snr[:, None]) & (widths[None] == width[:, None])).sum(axis=1)
            for peaks, widths in ((counts.up, counts.up_width), (counts.down, counts.down_width))
        )
        # artefacts have no Gaussian tail
        beyond = down > expected
        expected, error = np.where(beyond, down, expected), np.where(beyond, np.sqrt(down), error)
        positive = np.maximum(up, 1.0)
        share = expected / positive
        spread = np.hypot(error / positive, share / np.sqrt(positive))
        return np.clip(1 - share, 0.0, 1.0), np.minimum(spread, 1.0)


def fidelity_of(counts: Counts) -> Fidelity:
    """Fit the negative peaks."""
    down = counts.down
    if len(down) < FEWEST:
        return Fidelity(counts, 1.0, 0.0)

    def cost(sigma: float) -> float:
        density = -(down**2) / (2 * sigma**2) - np.log(sigma)
        return float(-density.sum() + len(down) * _log_tail(counts.lowest, sigma))

    sigma = float(minimize_scalar(cost, bounds=(LEAST_SIGMA, LARGEST_SIGMA), method="bounded").x)
    step = 0.02 * sigma
    curvature = (cost(sigma + step) - 2 * cost(sigma) + cost(sigma - step)) / step**2
    return Fidelity(counts, sigma, float(1 / np.sqrt(max(curvature, 1e-6))))


def with_fidelity(found: BothSigns, fidelity: Fidelity) -> Catalogue:
    """The catalogue with the columns."""
    sources = found.detection.catalogue
    width = nearest_width(sources["line_fwhm_chan"], found.widths_chan)
    snr = sources["snr_focused"]
    share, error = fidelity.of(np.nan_to_num(snr), width)
    known = np.isfinite(snr)
    return sources.with_columns(
        fidelity=np.where(known, share, np.nan), fidelity_err=np.where(known, error, np.nan)
    )


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Peaks above each signal-to-noise, of all widths.

    snr : (n,); up, down : counted; fitted, fitted_err : of the fit to those below zero
    expected : by the false-alarm statistics of the search
    """

    snr: np.ndarray
    up: np.ndarray
    down: np.ndarray
    fitted: np.ndarray
    fitted_err: np.ndarray
    expected: np.ndarray

    @property
    def disagreement(self) -> int | None:
        """Where the negative peaks are least as many as noise makes; None if they may well be."""
        as_many = poisson.sf(self.down - 1, self.expected)
        as_few = poisson.cdf(self.down, self.expected)
        likely = 2 * np.minimum(as_many, as_few)
        least = int(np.argmin(likely))
        return least if likely[least] < UNLIKELY / len(likely) else None

    def table(self) -> Table:
        """As columns."""
        return Table(
            {
                "snr": self.snr,
                "positive": self.up,
                "negative": self.down,
                "negative_fitted": self.fitted,
                "negative_fitted_err": self.fitted_err,
                "expected": self.expected,
            }
        )


def side_by_side(found: BothSigns, fidelity: Fidelity) -> SideBySide:
    """The counts, their fit, and what the search expects of noise."""
    counts = fidelity.counts
    highest = max([counts.lowest + 1.0, *counts.down.tolist(), 1.3 * counts.lowest])
    snr = np.linspace(counts.lowest, highest, STEPS)
    widths = np.arange(len(counts.widths_chan))
    each = [fidelity.negative(np.full(len(widths), s), widths) for s in snr]
    return SideBySide(
        snr=snr,
        up=(counts.up[None] >= snr[:, None]).sum(axis=1),
        down=(counts.down[None] >= snr[:, None]).sum(axis=1),
        fitted=np.array([one.sum() for one, _ in each]),
        fitted_err=np.array([np.hypot.reduce(error) for _, error in each]),
        expected=found.alarms.above(snr),
    )


def _log_tail(snr: np.ndarray | float, sigma: float) -> np.ndarray:
    """ln of the share of a Gaussian above a value."""
    tail: np.ndarray = log_ndtr(-np.asarray(snr) / sigma)
    return tail
