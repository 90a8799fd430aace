"""Unit-peak Gaussian models on pixels and channels; all widths are FWHM."""

from __future__ import annotations

import numpy as np

from deepfocus.core.source import Ellipse


def gaussian_2d(shape: tuple[int, int], ellipse: Ellipse) -> np.ndarray:
    """Elliptical Gaussian of unit peak, float32 (y, x), on an image of the given shape.

    Either axis determines the other's direction, so only the position angle modulo 90 degrees
    is used.
    """
    angle = np.deg2rad(ellipse.pa % 90.0)
    dy, dx = np.ogrid[: shape[0], : shape[1]]
    dx, dy = dx - ellipse.x, dy - ellipse.y
    along = -dx * np.sin(angle) + dy * np.cos(angle)
    across = -dx * np.cos(angle) - dy * np.sin(angle)
    exponent = (along / ellipse.fwhm_x_px) ** 2 + (across / ellipse.fwhm_y_px) ** 2
    gaussian: np.ndarray = np.exp(-4 * np.log(2) * exponent)
    return gaussian.astype(np.float32)


def gaussian_1d(n: int, channel: float, fwhm_chan: float) -> np.ndarray:
    """Gaussian line of unit peak on `n` channels, float32."""
    offset = (np.arange(n) - channel) / fwhm_chan
    gaussian: np.ndarray = np.exp(-4 * np.log(2) * offset**2)
    return gaussian.astype(np.float32)
