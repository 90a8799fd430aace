"""A cut of a cube along a line on the sky: place by channel, as rotation curves are read from."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import map_coordinates


def slit(
    data: np.ndarray, *, x: float, y: float, angle: float, half_px: int, width_px: int
) -> np.ndarray:
    """(chan, 2 half_px + 1) mean of data (chan, y, x) across a slit, pixel by pixel along it.

    x, y : of the slit's middle; angle : deg from +y towards -x, in which places count up
    width_px : an odd number of lines, a pixel apart, whose mean is taken
    Between pixels, values are linear. Of a slit that is blank or outside the image in part, the
    rest counts; NaN where all of it is.
    """
    radians = np.deg2rad(angle)
    along = np.array([np.cos(radians), -np.sin(radians)])  # in y and x
    across = np.array([along[1], -along[0]])
    places = np.arange(-half_px, half_px + 1)
    lines = np.arange(width_px) - width_px // 2
    offsets = places[None, :, None] * along + lines[:, None, None] * across
    # rounded, so that no rounding reaches beyond the outermost pixels
    at = np.moveaxis(np.round(np.array([y, x]) + offsets, 9), -1, 0)
    return np.stack([_mean(map_coordinates(plane, at, order=1, cval=np.nan)) for plane in data])


def _mean(lines: np.ndarray) -> np.ndarray:
    """(place,) of (line, place), without NaN."""
    known = np.isfinite(lines)
    total = np.where(known, lines, 0.0).sum(axis=0)
    mean: np.ndarray = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
    return mean
