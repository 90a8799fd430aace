"""Least-squares fits of Gaussians: one to a line in a spectrum, one to a source in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.morphology import axes_from_major_minor

SMALLEST, LARGEST = 0.5, 4.0
"""Limits of a fitted source's width, relative to the start."""


@dataclass(frozen=True)
class FittedLine:
    """A Gaussian line: centre and FWHM in channels, peak in the unit of the spectrum."""

    channel: float
    fwhm_chan: float
    peak: float


@dataclass(frozen=True)
class FittedSource:
    """A Gaussian in an image: its ellipse, and its peak in the unit of the image."""

    ellipse: Ellipse
    peak: float


def fit_line(spectrum: np.ndarray, *, channel: float, fwhm_chan: float) -> FittedLine | None:
    """Fit a line near a channel, with roughly the given width; None if there is none.

    spectrum : (chan,), continuum subtracted, NaN where missing. Only channels within three FWHM
    are used.
    """
    n = np.arange(len(spectrum), dtype=float)
    near = (np.abs(n - channel) <= max(3 * fwhm_chan, 4)) & np.isfinite(spectrum)
    values = spectrum[near].astype(float)
    if len(values) < 4 or values.max() <= 0:
        return None
    scale = float(values.max())

    def residual(p: np.ndarray) -> np.ndarray:
        offset = (n[near] - p[1]) * FWHM_PER_SIGMA / np.exp(p[2])
        misfit: np.ndarray = p[0] * np.exp(-0.5 * offset**2) - values / scale
        return misfit

    width = np.log(max(fwhm_chan, 1.0))
    shift = max(fwhm_chan, 2.0)
    fitted = least_squares(
        residual,
        [1.0, channel, width],
        bounds=([0.0, channel - shift, width - 1.5], [3.0, channel + shift, width + 1.5]),
    )
    if not fitted.success or fitted.x[0] <= 0:
        return None
    return FittedLine(float(fitted.x[1]), float(np.exp(fitted.x[2])), float(fitted.x[0] * scale))


def fit_source(image: np.ndarray, start: Ellipse) -> FittedSource | None:
    """Fit a source near the start, 0.5 to 4 times as wide; None if there is none.

    image : (y, x) without NaN. Only pixels within the start's larger FWHM of its centre are used,
    to exclude neighbours.
    """
    reach = max(start.fwhm_x_px, start.fwhm_y_px)
    yy, xx = np.mgrid[: image.shape[0], : image.shape[1]]
    near = np.hypot(yy - start.y, xx - start.x) <= reach
    values = image[near].astype(float)
    if near.sum() < 8 or values.max() <= 0:
        return None
    scale = float(values.max())

    def ellipse(p: np.ndarray) -> Ellipse:
        major, minor, pa = np.exp(p[3]), np.exp(p[4]), float(np.rad2deg(p[5]) % 180.0)
        fwhm_x, fwhm_y = axes_from_major_minor(major, minor, pa)
        return Ellipse(float(p[1]), float(p[2]), float(fwhm_x), float(fwhm_y), pa)

    def residual(p: np.ndarray) -> np.ndarray:
        model = p[0] * gaussian_2d(image.shape, ellipse(p))[near].astype(float)
        misfit: np.ndarray = model - values / scale
        return misfit

    major, minor = np.log(sorted([start.fwhm_x_px, start.fwhm_y_px], reverse=True))
    low, high = np.log(SMALLEST), np.log(LARGEST)
    first = [1.0, start.x, start.y, major, minor, np.deg2rad(start.pa)]
    fitted = least_squares(
        residual,
        first,
        bounds=(
            [0.0, start.x - reach, start.y - reach, major + low, minor + low, -np.inf],
            [3.0, start.x + reach, start.y + reach, major + high, minor + high, np.inf],
        ),
    )
    if not fitted.success or fitted.x[0] <= 0:
        return None
    found = fitted.x if fitted.x[3] >= fitted.x[4] else _turned(fitted.x)
    return FittedSource(ellipse(found), float(found[0] * scale))


def _turned(p: np.ndarray) -> np.ndarray:
    """The same ellipse with its major axis first."""
    return np.array([*p[:3], p[4], p[3], p[5] + np.pi / 2])
