"""The 3D model of a source, its dilated segmentation mask and the masked line image (steps 12, 13).

The model is a 2D Gaussian times a 1D Gaussian; its mask is the ellipse where the 2D Gaussian
exceeds `BOX_FRACTION` of its peak, in the channels within one FWHM of the line centre. Both are
dilated by 1.5 because the dirty beam spreads the emission (section 4.4, v).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from deepfocus.core.source import Ellipse, Source
from deepfocus.ops.boxes import BOX_FRACTION
from deepfocus.ops.crop import crop_origin
from deepfocus.ops.focus import line_image
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.lines import Linear

DILATION = 1.5


def dilated_ellipse(
    shape: tuple[int, int], ellipse: Ellipse, *, dilation: float = DILATION
) -> np.ndarray:
    """(y, x) bool: pixels in the dilated ellipse of a source; its centre's pixel always."""
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


def dilated_span(source: Source, *, dilation: float = DILATION) -> tuple[float, float]:
    """Channel range of the dilated mask."""
    half = dilation * source.fwhm_chan
    return source.channel - half, source.channel + half


def masked_line_image(
    data: np.ndarray,
    source: Source,
    *,
    size: int = 64,
    dilation: float = DILATION,
    spans: Iterable[tuple[float, float]] | None = None,
    continuum: Linear | None = None,
) -> np.ndarray:
    """Line emission image of one source, zero outside its mask (Eq 19): the flux network's input.

    data : (chan, y, x). spans : channel ranges without continuum, to which the source's own
    dilated range is added. Returns (size, size) around the source's centre, unit of `data`
    times channels.
    """
    lo, hi = dilated_span(source, dilation=dilation)
    image = line_image(
        data,
        y=source.y,
        x=source.x,
        size=size,
        channel_lo=lo,
        channel_hi=hi,
        spans=[*(spans or []), (lo, hi)],
        continuum=continuum,
    )
    here = source.shifted(x=-crop_origin(source.x, size), y=-crop_origin(source.y, size))
    return np.where(dilated_ellipse((size, size), here, dilation=dilation), image, np.float32(0))
