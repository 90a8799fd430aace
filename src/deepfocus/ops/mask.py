"""The 3D model of a source, its dilated segmentation mask and the masked line image (steps 12, 13).

The model is a 2D Gaussian times a 1D Gaussian; its mask is the ellipse where the 2D Gaussian
exceeds `BOX_FRACTION` of its peak, in the channels within one FWHM of the line centre. Both are
dilated by 1.5 because the dirty beam spreads the emission (section 4.4, v).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deepfocus.ops.boxes import BOX_FRACTION
from deepfocus.ops.crop import crop_origin
from deepfocus.ops.focus import channel_slice, line_image
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.lines import Linear

DILATION = 1.5


@dataclass(frozen=True)
class Model:
    """3D Gaussian source: centre and FWHM in pixels, `pa` of the major axis in degrees,
    line centre and FWHM in channels."""

    x: float
    y: float
    fwhm_x_px: float
    fwhm_y_px: float
    pa: float
    channel: float
    fwhm_chan: float

    def ellipse(
        self, shape: tuple[int, int], *, dilation: float = DILATION, fraction: float = BOX_FRACTION
    ) -> np.ndarray:
        """(y, x) bool: pixels in the dilated ellipse; the centre's pixel always."""
        level = gaussian_2d(
            shape,
            self.x,
            self.y,
            self.fwhm_x_px * dilation,
            self.fwhm_y_px * dilation,
            self.pa,
        )
        inside = level > fraction
        iy, ix = int(np.floor(self.y + 0.5)), int(np.floor(self.x + 0.5))
        if 0 <= iy < shape[0] and 0 <= ix < shape[1]:
            inside[iy, ix] = True
        return inside

    def span(self, *, dilation: float = DILATION) -> tuple[float, float]:
        """Dilated channel range."""
        half = dilation * self.fwhm_chan
        return self.channel - half, self.channel + half


def segmentation_mask(
    shape: tuple[int, int, int], model: Model, *, dilation: float = DILATION
) -> np.ndarray:
    """(chan, y, x) bool: True in the dilated 3D model."""
    mask = np.zeros(shape, bool)
    channels = channel_slice(*model.span(dilation=dilation), shape[0])
    mask[channels] = model.ellipse(shape[1:], dilation=dilation)
    return mask


def masked_line_image(
    data: np.ndarray,
    model: Model,
    *,
    size: int = 64,
    dilation: float = DILATION,
    spans: Iterable[tuple[float, float]] | None = None,
    continuum: Linear | None = None,
) -> np.ndarray:
    """Line emission image of one source, zero outside its mask (Eq 19): the flux network's input.

    data : (chan, y, x). spans : channel ranges without continuum, to which the model's own
    dilated range is added. Returns (size, size) around the model's centre, unit of `data`
    times channels.
    """
    lo, hi = model.span(dilation=dilation)
    image = line_image(
        data,
        y=model.y,
        x=model.x,
        size=size,
        channel_lo=lo,
        channel_hi=hi,
        spans=[*(spans or []), (lo, hi)],
        continuum=continuum,
    )
    inside = Model(
        x=model.x - crop_origin(model.x, size),
        y=model.y - crop_origin(model.y, size),
        fwhm_x_px=model.fwhm_x_px,
        fwhm_y_px=model.fwhm_y_px,
        pa=model.pa,
        channel=model.channel,
        fwhm_chan=model.fwhm_chan,
    ).ellipse((size, size), dilation=dilation)
    return np.where(inside, image, np.float32(0))
