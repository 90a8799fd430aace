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
    Between pixels, values are linear. NaN outside the image, and where any of them is blank.
    """
    radians = np.deg2rad(angle)
    along = np.array([np.cos(radians), -np.sin(radians)])  # in y and x
    across = np.array([along[1], -along[0]])
    places = np.arange(-half_px, half_px + 1)
    lines = np.arange(width_px) - width_px // 2
    offsets = places[None, :, None] * along + lines[:, None, None] * across
    at = np.moveaxis(np.array([y, x]) + offsets, -1, 0)
    cut: np.ndarray = np.stack(
        [map_coordinates(plane, at, order=1, cval=np.nan).mean(axis=0) for plane in data]
    )
    return cut
