"""How much of a source's light is in no data: beyond the image, or where pixels are blank."""

from __future__ import annotations

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.voxels import Voxels
from deepfocus.fit.parameters import CHANNEL, CXX, CXY, CYY, FLUX, X, Y
from deepfocus.fit.solve import Fit

REACH_SIGMA = 3.0
"""Within which 99% of a Gaussian's light is."""


def hidden_share(fitted: Fit, data: Voxels, beam_px: float) -> float:
    """Of the component with a line that has most; in the line's channel, through a round beam."""
    lines = fitted.values[fitted.values[:, FLUX] != 0]
    return max((_hidden_of(row, data, beam_px) for row in lines), default=0.0)


def _hidden_of(row: np.ndarray, data: Voxels, beam_px: float) -> float:
    covariance = np.array([[row[CXX], row[CXY]], [row[CXY], row[CYY]]])
    sizes, axes = np.linalg.eigh(covariance)
    seen = np.maximum(sizes, 0.0) + (beam_px / FWHM_PER_SIGMA) ** 2
    reach_x, reach_y = REACH_SIGMA * np.sqrt((axes**2) @ seen)
    x, y = (_around(row[at], reach) for at, reach in ((X, reach_x), (Y, reach_y)))
    known = _known(data, round(row[CHANNEL]), y, x)
    if known.all():
        return 0.0
    offsets = np.stack(np.meshgrid(x - row[X], y - row[Y]), axis=-1) @ axes
    light = np.exp(-(offsets**2 / seen).sum(axis=-1) / 2)
    return float(light[~known].sum() / light.sum())


def _around(centre: float, reach: float) -> np.ndarray:
    """Pixels of an axis, beyond the image too."""
    return np.arange(int(np.floor(centre - reach)), int(np.ceil(centre + reach)) + 1)


def _known(data: Voxels, channel: int, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(y, x) bool, the pixels of a channel, or of the nearest that there is, that have a value."""
    channels, ny, nx = data.shape
    rows, columns = (y >= 0) & (y < ny), (x >= 0) & (x < nx)
    known = np.outer(rows, columns)
    if known.any():
        top, bottom = y[rows][[0, -1]]
        left, right = x[columns][[0, -1]]
        plane = data[min(max(channel, 0), channels - 1), top : bottom + 1, left : right + 1]
        known[known] = np.isfinite(plane).ravel()
    return known
