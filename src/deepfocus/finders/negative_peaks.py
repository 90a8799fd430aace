"""Fidelity from the negative peaks, as LineSeeker counts it, by signal-to-noise and line width.

Gonzalez-Lopez et al. 2019, ApJ 882, 139, section 3.1: the negative peaks are fitted with the tail
of a Gaussian,

    N(>= s) = N(>= s0) erfc(s / (sqrt(2) sigma)) / erfc(s0 / (sqrt(2) sigma)),

sigma that of all widths, N(>= s0) that of each; F(s) = 1 - N_negative(>= s) / N_positive(>= s).
Where more negative peaks were counted than the fit has, as a few artefacts leave, the count stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

FEWEST = 5
"""Negative peaks, from which their tail is fitted; with fewer, that of unit noise is taken."""
LEAST_SIGMA, LARGEST_SIGMA = 0.5, 3.0


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


def _log_tail(snr: np.ndarray | float, sigma: float) -> np.ndarray:
    """ln of the share of a Gaussian above a value."""
    tail: np.ndarray = log_ndtr(-np.asarray(snr) / sigma)
    return tail
