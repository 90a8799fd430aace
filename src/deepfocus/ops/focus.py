"""Spectral focusing: sum one source's channels and remove its continuum (Eq 19)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.core.channels import ChannelRange, around
from deepfocus.core.source import Ellipse, Source
from deepfocus.ops.boxes import BOX_FRACTION
from deepfocus.ops.continuum import Continuum
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.gaussians import gaussian_2d

DILATION = 1.5
"""Dilation factor of a source's mask: the dirty beam spreads the emission (section 4.4, v)."""


def line_image(
    data: np.ndarray, window: Window, channels: ChannelRange, continuum: Continuum
) -> np.ndarray:
    """(size, size) line emission in a window: sum of M_z - f(z) C over `channels` (Eq 19).

    data : (chan, y, x). Returns float32 in the unit of `data` times channels; missing pixels
    are 0.
    """
    cutout = crop(data, window)
    summed = channels.slice(len(data))
    factor = continuum.factor(len(data))[summed].sum()
    focused = cutout[summed].sum(axis=0, dtype=np.float64)
    line: np.ndarray = focused - factor * continuum.image(cutout)
    return line.astype(np.float32)


def masked_line_image(
    data: np.ndarray,
    source: Source,
    continuum: Continuum,
    *,
    size: int = 64,
    dilation: float = DILATION,
) -> np.ndarray:
    """(size, size) line emission of one source, zero outside its dilated mask (steps 12, 13).

    The mask is the ellipse where a 2D Gaussian exceeds `BOX_FRACTION` of its peak, in the
    channels within one FWHM of the line's centre. Both are dilated. The continuum excludes the
    mask's channels too.
    """
    channels = dilated_range(source, dilation=dilation)
    window = Window(source.x, source.y, size)
    image = line_image(data, window, channels, continuum.beside(channels))
    here = source.shifted(x=-window.x0, y=-window.y0)
    return np.where(dilated_ellipse((size, size), here, dilation=dilation), image, np.float32(0))


def dilated_ellipse(
    shape: tuple[int, int], ellipse: Ellipse, *, dilation: float = DILATION
) -> np.ndarray:
    """(y, x) bool: pixels in the dilated ellipse of a source, always with its central pixel."""
    wider = replace(
        ellipse,
        fwhm_x_px=ellipse.fwhm_x_px * dilation,
        fwhm_y_px=ellipse.fwhm_y_px * dilation,
    )
    inside = gaussian_2d(shape, wider) > BOX_FRACTION
    iy, ix = int(np.floor(ellipse.y + 0.5)), int(np.floor(ellipse.x + 0.5))
    if 0 <= iy < shape[0] and 0 <= ix < shape[1]:
        inside[iy, ix] = True
    return inside


def dilated_range(source: Source, *, dilation: float = DILATION) -> ChannelRange:
    """Channels of the dilated mask."""
    return around(source.channel, dilation * source.fwhm_chan)
