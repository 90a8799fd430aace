"""The widths of a line whose shape is not known: level between two edges, or with two horns.

A rotating disc has a horn on each side, one that is turbulent or badly resolved less of one, and
all of them steeper edges than a Gaussian. Either shape here is seen through a Gaussian; the more of
its width is that Gaussian's, the more it is one itself. Both are fitted to the line's spectrum, and
the widths are the mean of both, each as much as it is likely.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, least_squares
from scipy.special import ndtr

from deepfocus.fit.line_spectra import LineSpectrum
from deepfocus.fit.spectra import ONE_CHANNEL_SIGMA
from deepfocus.ops.line_widths import AT_FIFTH, AT_HALF, crossings

GAUSSIANS = 32
"""In a row from horn to horn."""
ON_THE_WAY = np.cos(np.pi * (np.arange(GAUSSIANS) + 0.5) / GAUSSIANS)
"""Of the half-width: as velocities along the line of sight are distributed around a ring."""
NARROWEST = 1e-3
"""Of the Gaussian: what is level for less is one."""
STARTS = (0.2, 0.6, 0.9)
"""Share of the variance that is not the Gaussian's."""
WIDEST = 2.0
"""Times the width to start from, and as many times narrower."""
FARTHEST = 2.0
"""Of the centre from where it starts, in standard deviations."""
DRAWN, STEPS = 5.0, 1001
"""A shape is drawn so many standard deviations to either side, in so many steps."""
DIFFERENCE = 1e-3
"""Of logarithm and share, for derivatives of widths."""


@dataclass(frozen=True, eq=False)
class Widths:
    """Channels at half and at a fifth of the peak (2,), and their covariance (2, 2)."""

    values: np.ndarray
    covariance: np.ndarray


@dataclass(frozen=True)
class _Shape:
    """A line of unit flux, of offsets, its half-width and the Gaussian's standard deviation.

    No edge is sharper than a channel.
    variance : of a half-width of 1, without the Gaussian
    """

    of: Callable[[np.ndarray, float, float], np.ndarray]
    variance: float

    def at(self, offsets: np.ndarray, log_sigma: float, share: float) -> np.ndarray:
        """(n,) of a line of that standard deviation, of whose square a share is the shape's own."""
        square = np.exp(2 * log_sigma)
        half = np.sqrt(share * square / self.variance)
        smooth = np.sqrt((1 - share) * square + ONE_CHANNEL_SIGMA**2)
        return self.of(offsets, float(half), float(smooth))

    def widths(self, log_sigma: float, share: float) -> np.ndarray:
        """(2,) at half and at a fifth of the peak."""
        reach = DRAWN * np.hypot(np.exp(log_sigma), ONE_CHANNEL_SIGMA)
        at = np.linspace(-reach, reach, STEPS)
        drawn = self.at(at, log_sigma, share)
        return np.array([np.ptp(crossings(at, drawn, level)) for level in (AT_HALF, AT_FIFTH)])


def _level(offsets: np.ndarray, half: float, smooth: float) -> np.ndarray:
    """The same from edge to edge."""
    half = max(half, NARROWEST * smooth)
    within: np.ndarray = ndtr((offsets + half) / smooth) - ndtr((offsets - half) / smooth)
    return within / (2 * half)


def _horned(offsets: np.ndarray, half: float, smooth: float) -> np.ndarray:
    """As light is distributed around a ring."""
    smooth = np.hypot(smooth, half * np.pi / (2 * GAUSSIANS))
    apart = (offsets[:, None] - half * ON_THE_WAY) / smooth
    horned: np.ndarray = np.exp(-0.5 * apart**2).mean(axis=1) / (np.sqrt(2 * np.pi) * smooth)
    return horned


SHAPES = (_Shape(_level, 1 / 3), _Shape(_horned, 1 / 2))


def widths_of(spectrum: LineSpectrum, centre: float, sigma: float) -> Widths | None:
    """Of a line near a centre and standard deviation, in channels.

    None where the band cuts it off, for a part of a line has no width.
    """
    fits = [_fitted(shape, spectrum, centre, sigma) for shape in SHAPES]
    each = [_widths(shape, fit) for shape, fit in zip(SHAPES, fits, strict=True)]
    chi2 = np.array([2 * fit.cost for fit in fits])
    likely = np.exp(-0.5 * (chi2 - chi2.min()))
    likely /= likely.sum()
    middle = likely @ [fit.x[0] for fit in fits]
    values = likely @ [one.values for one in each]
    if middle - values[0] / 2 < 0 or middle + values[0] / 2 > len(spectrum.flux) - 1:
        return None
    apart = [one.values - values for one in each]
    covariance = sum(
        share * (one.covariance + np.outer(off, off))
        for share, one, off in zip(likely, each, apart, strict=True)
    )
    return Widths(values, np.asarray(covariance))


def _fitted(shape: _Shape, spectrum: LineSpectrum, centre: float, sigma: float) -> OptimizeResult:
    """Centre, logarithm of the standard deviation, and share; flux and level are solved for."""
    known = np.isfinite(spectrum.error)
    channels, error = np.flatnonzero(known), spectrum.error[known]
    data = spectrum.flux[known] / error

    def left(numbers: np.ndarray) -> np.ndarray:
        line = shape.at(channels - numbers[0], *numbers[1:]) / error
        linear = np.stack([line, 1 / error] if spectrum.baseline else [line], axis=1)
        basis = np.linalg.qr(linear)[0]
        return np.asarray(data - basis @ (basis.T @ data))

    middle = np.array([centre, np.log(sigma), 0.0])
    reach = np.array([FARTHEST * sigma, np.log(WIDEST), 0.0])
    bounds = middle - reach, middle + reach + [0, 0, 1]
    fits = (
        least_squares(left, [*middle[:2], share], bounds=bounds, x_scale=[sigma, 0.3, 0.3])
        for share in STARTS
    )
    return min(fits, key=lambda fit: fit.cost)


def _widths(shape: _Shape, fit: OptimizeResult) -> Widths:
    covariance = np.linalg.pinv(fit.jac.T @ fit.jac)[1:, 1:]
    numbers, by = fit.x[1:], np.zeros((2, 2))
    for i, step in enumerate(np.eye(2) * DIFFERENCE):
        low, high = numbers - step, numbers + step
        low[1], high[1] = np.clip([low[1], high[1]], 0, 1)
        by[:, i] = (shape.widths(*high) - shape.widths(*low)) / (high[i] - low[i])
    return Widths(shape.widths(*numbers), by @ covariance @ by.T)
