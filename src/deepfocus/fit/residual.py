"""Lines that a fit has left in a patch: the peaks of its residual, matched by a small bank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import maximum_filter

from deepfocus.fit.equations import model_score
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.fit.patch import Problem

SIZES_BEAMS = (0.0, 0.6, 1.2)
"""Standard deviations of the bank's Gaussians, in those of the beam."""
WIDTHS_CHAN = (0.7, 1.4, 2.8, 5.6, 11.3)
"""Standard deviations of its lines."""
STEPS_A_BEAM = 3
"""Positions along a FWHM of the beam."""
ENOUGH = 0.98
"""Share of the noise's power in the cells from which peaks are found."""
WIDEST = 0.25
"""Standard deviation of the widest line, over the band."""


@dataclass(frozen=True, eq=False)
class ResidualPeak:
    """A line in the residual: its start (12,), of unknown flux, and its signal-to-noise ratio."""

    start: np.ndarray
    snr: float


def residual_peaks(
    problem: Problem, values: np.ndarray, *, least: float, most: int
) -> list[ResidualPeak]:
    """At most so many peaks above a signal-to-noise ratio, the highest first, a beam apart.

    Every line is made orthogonal to a continuum, so that none is mistaken for a line.
    """
    cells = _strongest(problem)
    left = (problem.score - model_score(problem, values)).view(complex)[:, cells]
    residual = np.ascontiguousarray(left, dtype=np.complex64).view(np.float32)
    step = max(1.0, problem.beam_px / STEPS_A_BEAM)
    xs, ys = (_places(part, step) for part in (problem.columns, problem.rows))
    lines, widths = _lines(problem)
    found = [_best(problem, residual, cells, lines, size=b, xs=xs, ys=ys) for b in SIZES_BEAMS]
    snr = np.array([each[0] for each in found])
    size = snr.argmax(axis=0)
    best = snr.max(axis=0)
    which = np.take_along_axis(np.array([each[1] for each in found]), size[None], axis=0)[0]
    high = (best == maximum_filter(best, 3)) & (best > least)
    peaks: list[ResidualPeak] = []
    for j, i in sorted(np.argwhere(high).tolist(), key=lambda at: -best[at[0], at[1]]):
        if len(peaks) == most:
            break
        start = np.zeros(COUNT)
        start[[X, Y]] = xs[i], ys[j]
        start[[CXX, CYY]] = (SIZES_BEAMS[size[j, i]] * problem.beam_sigma_px) ** 2
        width, start[CHANNEL] = divmod(int(which[j, i]), problem.channels)
        start[SIGMA] = widths[width]
        start[[FLUX, CONTINUUM]] = np.nan
        if all(_apart(start, peak.start) > problem.beam_px for peak in peaks):
            peaks.append(ResidualPeak(start, float(best[j, i])))
    return peaks


def _best(
    problem: Problem,
    residual: np.ndarray,
    cells: np.ndarray,
    lines: np.ndarray,
    *,
    size: float,
    xs: np.ndarray,
    ys: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(y, x) highest signal-to-noise ratio of any line at a size in beams, and which line it is.

    residual : (chan, 2 cell) in some of the cells; lines : (line, chan)
    """
    u, v, of_noise = problem.u[cells], problem.v[cells], problem.noise[cells]
    blur = np.exp(-2 * np.pi**2 * (u**2 + v**2) * (size * problem.beam_sigma_px) ** 2)
    seen = residual.view(np.complex64) * blur
    waves = np.exp(-2j * np.pi * (xs[None, :, None] * u + ys[:, None, None] * v))
    flat = waves.reshape(-1, len(u)).astype(np.complex64).view(np.float32)
    ratios = lines @ (seen.astype(np.complex64).view(np.float32) @ flat.T)
    ratios /= np.float32(np.sqrt(np.sum(of_noise * blur**2)))
    which = ratios.argmax(axis=0)
    shape = len(ys), len(xs)
    return ratios.max(axis=0).reshape(shape), which.reshape(shape)


def _strongest(problem: Problem) -> np.ndarray:
    """The cells with most of the noise: enough to find a peak."""
    order = np.argsort(-problem.noise)
    share = np.cumsum(problem.noise[order]) / problem.noise.sum()
    return order[: np.searchsorted(share, ENOUGH) + 1]


def _lines(problem: Problem) -> tuple[np.ndarray, list[float]]:
    """(line, chan) normalised lines over the noise, of every width and centre; and the widths."""
    channels = np.arange(problem.channels, dtype=float)
    widths = [w for w in WIDTHS_CHAN if w < WIDEST * len(channels)] or [WIDTHS_CHAN[0]]
    each = []
    weights = problem.weights
    for width in widths:
        line = problem.profile.of(channels, centre=channels, sigma=np.full(len(channels), width))[0]
        line = line - (line @ weights / max(weights.sum(), 1e-300))[:, None]
        norm = np.sqrt(line**2 @ weights)
        each.append(line * weights / np.where(norm > 0, norm, np.inf)[:, None])
    return np.concatenate(each).astype(np.float32), widths


def _places(part: slice, step: float) -> np.ndarray:
    length = part.stop - 1 - part.start
    places: np.ndarray = np.linspace(part.start, part.stop - 1, int(np.ceil(length / step)) + 1)
    return places


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.hypot(one[X] - other[X], one[Y] - other[Y]))
