"""Line emission around a position in a cube: the smoothed image, its noise, and its peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepfocus.core.channels import ChannelRange, free_channels
from deepfocus.core.cube import Cube
from deepfocus.core.source import Ellipse
from deepfocus.ops.boxes import Box
from deepfocus.ops.continuum import MIN_FREE_CHANNELS, Continuum
from deepfocus.ops.crop import Window, crop
from deepfocus.ops.focus import line_image
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.peaks import highest_peak, smooth, windowed_centroid
from deepfocus.ops.snr import global_snr, mad_sigma, pixel_snr

MAX_VIEW_PX = 256


@dataclass(frozen=True)
class Peak:
    """A peak of a view: its refined position in the cube, its pixel in the view, its SNR."""

    x: float
    y: float
    row: int
    column: int
    snr: float


@dataclass(frozen=True, eq=False)
class LineView:
    """Continuum-subtracted focused image of a channel range; positions are in the cube's pixels.

    image : (size, size), Jy/beam * chan. x0, y0 : the cube's pixel at image[0, 0].
    kernel_px : FWHM of the smoothing, about the beam's. inside : mask of the pixels with data.
    """

    image: np.ndarray
    x0: int
    y0: int
    kernel_px: float
    inside: np.ndarray

    @cached_property
    def smoothed(self) -> np.ndarray:
        return np.where(self.inside, smooth(self.image, self.kernel_px), np.float32(0))

    @cached_property
    def sigma(self) -> float:
        """Noise of the smoothed image."""
        return mad_sigma(self.smoothed[self.inside])

    def global_snr(self, box: Box) -> float:
        """Global SNR (Eq 17) of the source in `box`."""
        image = np.where(self.inside, self.image, np.nan)
        return global_snr(image, box.shifted(x=-self.x0, y=-self.y0))

    def pixel_snr_at(self, *, x: float, y: float) -> float:
        """Pixel SNR (Eq 18) of the smoothed image at a position; NaN outside the view."""
        at = self.pixel(x=x, y=y)
        return float(pixel_snr(self.smoothed)[at]) if at else float("nan")

    def snr_at(self, *, x: float, y: float) -> float:
        """Smoothed image over its noise at a position; NaN outside the view."""
        at = self.pixel(x=x, y=y)
        if at is None or self.sigma <= 0:
            return float("nan")
        return float(self.smoothed[at]) / self.sigma

    def pixel(self, *, x: float, y: float) -> tuple[int, int] | None:
        """Index of the pixel nearest to a position in the cube; None outside the view."""
        row, column = int(np.floor(y - self.y0 + 0.5)), int(np.floor(x - self.x0 + 0.5))
        ny, nx = self.image.shape
        return (row, column) if 0 <= row < ny and 0 <= column < nx else None

    def peak_in(self, box: Box | None, *, min_snr: float, margin: float = 0.0) -> Peak | None:
        """Highest independent peak in `box` grown by `margin`, with its position refined.

        If `box` is None, the whole view is searched. The peak must rise `min_snr` sigma above zero
        and 3 sigma above any flank it sits on.
        """
        where = self.inside
        if box is not None:
            yy, xx = np.ogrid[: self.image.shape[0], : self.image.shape[1]]
            x, y = box.centre
            half_x, half_y = (box.x1 - box.x0) / 2 + margin, (box.y1 - box.y0) / 2 + margin
            where = where & (np.abs(xx + self.x0 - x) <= half_x)
            where = where & (np.abs(yy + self.y0 - y) <= half_y)
        # A noise-free image has sigma 0; a thousandth of its peak then lies below any source.
        least = max(self.sigma, 1e-3 * float(self.smoothed.max(initial=0.0)) / min_snr)
        if least <= 0:
            return None
        found = highest_peak(self.smoothed, where, floor=min_snr * least, prominence=3 * least)
        if found is None:
            return None
        y, x = windowed_centroid(
            self.image, y=found[0], x=found[1], fwhm_px=self.kernel_px, max_shift_px=3.0
        )
        return Peak(
            x=x + self.x0,
            y=y + self.y0,
            row=found[0],
            column=found[1],
            snr=float(self.smoothed[found]) / least,
        )


@dataclass(frozen=True, eq=False)
class LineViews:
    """Views of the line emission anywhere in one cube.

    kernel_px : FWHM of the smoothing; crop_px : minimum side of a view
    """

    cube: Cube
    kernel_px: float
    crop_px: int

    def view(self, window: Window, channels: ChannelRange, continuum: Continuum) -> LineView:
        """The line emission of a channel range in a window."""
        image = line_image(self.cube.array, window, channels, continuum)
        # Real data are never exactly zero; pixels beyond the image or without data are.
        return LineView(
            image=image,
            x0=window.x0,
            y0=window.y0,
            kernel_px=self.kernel_px,
            inside=image != 0,
        )

    def around(self, box: Box, channels: ChannelRange, continuum: Continuum) -> LineView:
        """The line emission around a box; a larger box gets a larger view."""
        longest = max(box.x1 - box.x0, box.y1 - box.y0)
        size = int(np.clip(2 * np.ceil(1.1 * longest), self.crop_px, MAX_VIEW_PX))
        x, y = box.centre
        return self.view(Window(x, y, size), channels, continuum)

    def spectrum(self, *, x: float, y: float, lines: Sequence[ChannelRange]) -> np.ndarray:
        """(chan,) continuum-subtracted spectrum at (x, y), Jy/beam, smoothed like a view."""
        size = 2 * int(np.ceil(1.5 * self.kernel_px)) + 1
        round_kernel = Ellipse(size // 2, size // 2, self.kernel_px, self.kernel_px, 0.0)
        weight = gaussian_2d((size, size), round_kernel)
        cutout = crop(self.cube.array, Window(x, y, size))
        spectrum = np.tensordot(cutout, weight / weight.sum(), axes=2)
        free = free_channels(len(spectrum), lines)
        if free.sum() < MIN_FREE_CHANNELS:
            return spectrum
        line: np.ndarray = spectrum - np.median(spectrum[free])
        return line


def range_snr(spectrum: np.ndarray, channels: ChannelRange) -> float:
    """Sum of a line spectrum over a range, divided by the noise of that sum."""
    summed = channels.slice(len(spectrum))
    noise = mad_sigma(spectrum) * np.sqrt(summed.stop - summed.start)
    return float(spectrum[summed].sum() / noise) if noise > 0 else 0.0
