"""Lines that a fit has left in a patch: the peaks of its residual, matched by a small bank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import convolution_matrix
from scipy.ndimage import correlate1d, maximum_filter

from deepfocus.core.channels import is_image
from deepfocus.fit.equations import model_score
from deepfocus.fit.in_band import started
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.fit.patch import Problem
from deepfocus.fit.spectra import Integrated

SIZES_BEAMS = (0.0, 0.6, 1.2)
"""Standard deviations of the bank's Gaussians, in those of the beam."""
WIDTHS_CHAN = (0.7, 1.4, 2.8, 5.6, 11.3)
"""Standard deviations of its lines."""
STEPS_A_BEAM = 3
"""Positions along a FWHM of the beam."""
ENOUGH = 0.98
"""Share of the noise's power in the cells from which peaks are found."""
TOGETHER = 128
"""Channels that are filtered by one matrix."""
REACH_SIGMA = 6.0
"""Of a line: beyond, it is below 2e-8 of its peak."""
WIDEST = 0.25
"""Standard deviation of the widest line, over the band."""


@dataclass(frozen=True, eq=False)
class ResidualPeak:
    """A line in the residual: its start (12,), of unknown flux, and its signal-to-noise ratio."""

    start: np.ndarray
    snr: float


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of one width, centred on every channel, orthogonal to a continuum, normalised.

    In an image of few channels they are not orthogonal to anything.

    sigma : standard deviation in channels; kernel : (odd,) line, cut where it has ended
    mean, norm : (chan,) weighted mean over the band, and square root of the weighted sum of squares
        of what differs from it
    """

    sigma: float
    kernel: np.ndarray
    mean: np.ndarray
    norm: np.ndarray

    @classmethod
    def of(cls, problem: Problem, sigma: float) -> Lines:
        """The lines of a width as the problem's channels see them."""
        half = int(np.ceil(REACH_SIGMA * sigma)) + 1
        image = is_image(len(problem.weights))
        profile = Integrated() if image else problem.profile
        kernel = profile.of(
            np.arange(2 * half + 1, dtype=float), centre=np.array([half]), sigma=np.array([sigma])
        )[0][0]
        weights, total = problem.weights, max(float(problem.weights.sum()), 1e-300)
        mean = correlate1d(weights, kernel, mode="constant") / total
        if image:
            mean = np.zeros_like(mean)  # which may be all that there is
        squares = correlate1d(weights, kernel**2, mode="constant") - mean**2 * total
        norm = np.sqrt(np.maximum(squares, 0.0))
        return cls(sigma, kernel, mean, np.where(norm > 0, norm, np.inf))

    def of_spectra(self, spectra: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(chan, n) signal-to-noise ratio of the line centred on each channel of spectra."""
        weighted = spectra * weights[:, None].astype(np.float32)
        along = _through(weighted, self.kernel)
        along -= np.outer(self.mean.astype(np.float32), weighted.sum(axis=0))
        along /= self.norm[:, None].astype(np.float32)
        return along


def residual_peaks(
    problem: Problem, values: np.ndarray, *, least: float, most: int
) -> list[ResidualPeak]:
    """At most so many peaks above a signal-to-noise ratio, the highest first, a beam apart.

    Every line is made orthogonal to a continuum, so that none is mistaken for a line; but in an
    image, where the two are not told from each other.
    """
    cells = _strongest(problem)
    left = (problem.score - model_score(problem, values)).view(complex)[:, cells]
    residual = np.ascontiguousarray(left, dtype=np.complex64).view(np.float32)
    step = max(1.0, problem.beam_px / STEPS_A_BEAM)
    xs, ys = (_places(part, step) for part in (problem.columns, problem.rows))
    lines = _lines(problem)
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
        start[SIGMA] = lines[width].sigma
        start[[FLUX, CONTINUUM]] = np.nan
        start = started(start[None], problem.weights > 0)[0]
        if all(_apart(start, peak.start) > problem.beam_px for peak in peaks):
            peaks.append(ResidualPeak(start, float(best[j, i])))
    return peaks


def _best(
    problem: Problem,
    residual: np.ndarray,
    cells: np.ndarray,
    lines: Sequence[Lines],
    *,
    size: float,
    xs: np.ndarray,
    ys: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(y, x) highest signal-to-noise ratio of any line at a size in beams, and which line it is.

    residual : (chan, 2 cell) in some of the cells. Lines are counted width by width, all centres of
    one after the other
    """
    u, v, of_noise = problem.u[cells], problem.v[cells], problem.noise[cells]
    blur = np.exp(-2 * np.pi**2 * (u**2 + v**2) * (size * problem.beam_sigma_px) ** 2)
    seen = residual.view(np.complex64) * blur
    waves = np.exp(-2j * np.pi * (xs[None, :, None] * u + ys[:, None, None] * v))
    flat = waves.reshape(-1, len(u)).astype(np.complex64).view(np.float32)
    spectra = seen.astype(np.complex64).view(np.float32) @ flat.T
    spectra /= np.float32(np.sqrt(np.sum(of_noise * blur**2)))
    highest = np.full(len(flat), -np.inf, np.float32)
    which = np.zeros(len(flat), int)
    for number, each in enumerate(lines):
        ratios = each.of_spectra(spectra, problem.weights)
        best = ratios.argmax(axis=0)
        peak = np.take_along_axis(ratios, best[None], axis=0)[0]
        higher = peak > highest
        highest[higher] = peak[higher]
        which[higher] = number * problem.channels + best[higher]
    shape = len(ys), len(xs)
    return highest.reshape(shape), which.reshape(shape)


def _strongest(problem: Problem) -> np.ndarray:
    """The cells with most of the noise: enough to find a peak."""
    order = np.argsort(-problem.noise)
    share = np.cumsum(problem.noise[order]) / problem.noise.sum()
    return order[: np.searchsorted(share, ENOUGH) + 1]


def _lines(problem: Problem) -> list[Lines]:
    """Of every width that the band has room for."""
    widths = [w for w in WIDTHS_CHAN if w < WIDEST * problem.channels] or [WIDTHS_CHAN[0]]
    return [Lines.of(problem, width) for width in widths]


def _through(spectra: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """(chan, n) spectra through a symmetric kernel; nothing lies beyond the band.

    Some channels at a time by one matrix, faster than sums over each spectrum.
    """
    half, channels = len(kernel) // 2, len(spectra)
    together = min(max(TOGETHER, 2 * half), channels)
    matrix = convolution_matrix(kernel, together).T.astype(np.float32)
    padded = np.pad(spectra, ((half, half), (0, 0)))
    out = np.empty_like(spectra)
    for start in range(0, channels, together):
        n = min(together, channels - start)
        out[start : start + n] = matrix[:n, : n + 2 * half] @ padded[start : start + n + 2 * half]
    return out


def _places(part: slice, step: float) -> np.ndarray:
    length = part.stop - 1 - part.start
    places: np.ndarray = np.linspace(part.start, part.stop - 1, int(np.ceil(length / step)) + 1)
    return places


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.hypot(one[X] - other[X], one[Y] - other[Y]))
