"""Unit-peak Gaussian models on pixels and channels; FWHM is FWHM."""

from __future__ import annotations

import numpy as np

FWHM_PER_SIGMA = float(2 * np.sqrt(2 * np.log(2)))


def gaussian_2d(
    shape: tuple[int, int], x: float, y: float, fwhm_x_px: float, fwhm_y_px: float, pa: float
) -> np.ndarray:
    """Elliptical Gaussian of unit peak, float32 (y, x).

    x, y : centre, 0-based pixels. `fwhm_x_px` lies along the axis whose position angle is in
    [0, 90), `fwhm_y_px` along the other. pa : position angle of the major axis, degrees,
    north (+y) through east (-x); either axis determines the other, so only pa mod 90 is used.
    """
    angle = np.deg2rad(pa % 90.0)
    dy, dx = np.ogrid[: shape[0], : shape[1]]
    dx, dy = dx - x, dy - y
    along = -dx * np.sin(angle) + dy * np.cos(angle)
    across = -dx * np.cos(angle) - dy * np.sin(angle)
    exponent = (along / fwhm_x_px) ** 2 + (across / fwhm_y_px) ** 2
    return np.exp(-4 * np.log(2) * exponent).astype(np.float32)


def gaussian_1d(n: int, channel: float, fwhm_chan: float) -> np.ndarray:
    """Gaussian line of unit peak on `n` channels, float32."""
    offset = (np.arange(n) - channel) / fwhm_chan
    return np.exp(-4 * np.log(2) * offset**2).astype(np.float32)
