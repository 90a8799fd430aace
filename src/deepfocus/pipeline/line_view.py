"""One candidate's line emission around a place: the image, smoothed, its noise, and its peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.source import Ellipse
from deepfocus.ops.boxes import Box
from deepfocus.ops.crop import crop, crop_origin
from deepfocus.ops.focus import channel_slice, line_image
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.ops.lines import MIN_FREE_CHANNELS, Linear, free_channels
from deepfocus.ops.peaks import highest_peak, smooth, windowed_centroid
from deepfocus.ops.snr import global_snr, mad_sigma, pixel_snr


@dataclass(frozen=True, eq=False)
class LineView:
    """Continuum-subtracted focused image of a channel range; positions are the cube's pixels.

    image : (size, size), Jy/beam * chan. x0, y0 : the cube's pixel at image[0, 0].
    kernel_px : FWHM of the smoothing, about the beam. inside : pixels with data.
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

    def value_at(self, *, x: float, y: float) -> float:
        """Smoothed image at a position, 0 outside the view."""
        at = self.pixel(x=x, y=y)
        return float(self.smoothed[at]) if at else 0.0

    def pixel(self, *, x: float, y: float) -> tuple[int, int] | None:
        """Index of the pixel nearest to a position of the cube, None outside the view."""
        row, column = int(np.floor(y - self.y0 + 0.5)), int(np.floor(x - self.x0 + 0.5))
        ny, nx = self.image.shape
        return (row, column) if 0 <= row < ny and 0 <= column < nx else None

    def peak_in(self, box: Box | None, *, min_snr: float, margin: float = 0.0) -> Peak | None:
        """Highest independent peak whose pixel lies in `box` grown by `margin`, refined.

        `box` None searches the whole view. It must stand `min_snr` noises above zero and 3
        above any flank it sits on.
        """
        where = self.inside
        if box is not None:
            yy, xx = np.ogrid[: self.image.shape[0], : self.image.shape[1]]
            where = where & (np.abs(xx + self.x0 - box.centre[0]) <= half(box.x0, box.x1, margin))
            where = where & (np.abs(yy + self.y0 - box.centre[1]) <= half(box.y0, box.y1, margin))
        # A noise-free image has sigma 0: a thousandth of its peak is then beneath any source.
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


def half(low: float, high: float, margin: float) -> float:
    """Half the extent of a range grown by `margin` on both sides."""
    return (high - low) / 2 + margin


@dataclass(frozen=True)
class Peak:
    """A peak of a view: refined position in the cube, its pixel in the view, SNR."""

    x: float
    y: float
    row: int
    column: int
    snr: float


def kernel_fwhm_px(cube: Cube, unknown_px: float) -> float:
    """FWHM of the smoothing: the beam's geometric mean, or `unknown_px` without a beam."""
    return unknown_px if cube.beam_px is None else max(cube.beam_px, 1.0)


def view_line(
    cube: Cube,
    *,
    y: float,
    x: float,
    size: int,
    span: tuple[float, float],
    spans: Sequence[tuple[float, float]],
    continuum: Linear | None,
    kernel_px: float,
) -> LineView:
    """The line emission of channel range `span` in `size` pixels around (y, x) of a cube.

    spans : ranges to leave out of the continuum. continuum : linear model of the spectrum.
    """
    image = line_image(
        cube.data,
        y=y,
        x=x,
        size=size,
        channel_lo=span[0],
        channel_hi=span[1],
        spans=spans,
        continuum=continuum,
    )
    # Real data are never exactly zero; pixels beyond the image or without data are.
    return LineView(
        image=image,
        x0=crop_origin(x, size),
        y0=crop_origin(y, size),
        kernel_px=kernel_px,
        inside=image != 0,
    )


def line_spectrum(
    cube: Cube, *, y: float, x: float, spans: Sequence[tuple[float, float]], kernel_px: float
) -> np.ndarray:
    """(chan,) Jy/beam, without continuum: the cube smoothed as a view is, at (y, x)."""
    size = 2 * int(np.ceil(1.5 * kernel_px)) + 1
    weight = gaussian_2d((size, size), Ellipse(size // 2, size // 2, kernel_px, kernel_px, 0.0))
    spectrum = np.tensordot(crop(cube.data, y=y, x=x, size=size), weight / weight.sum(), axes=2)
    free = free_channels(len(spectrum), spans)
    if free.sum() < MIN_FREE_CHANNELS:
        return spectrum
    return spectrum - np.median(spectrum[free])


def range_snr(spectrum: np.ndarray, span: tuple[float, float]) -> float:
    """Sum of a line spectrum over a range, over the noise of a sum of so many channels."""
    channels = channel_slice(*span, len(spectrum))
    noise = mad_sigma(spectrum) * np.sqrt(channels.stop - channels.start)
    return float(spectrum[channels].sum() / noise) if noise > 0 else 0.0
