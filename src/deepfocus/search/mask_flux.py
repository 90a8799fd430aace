"""A source measured in its mask, beside any fit: flux, place, line, size, and what lies around.

A mask knows nothing of a source's shape, so it measures what no sum of Gaussians describes. It
misses what lies below the noise, and its size and line width are those of the bright part.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from deepfocus.core.source import Ellipse
from deepfocus.search.mask import (
    CHANNEL_BEAMS,
    MOST_BEAMS,
    CorrelatedNoise,
    Slices,
    around_on_sky,
    bounding_box,
    grown,
    padded,
)
from deepfocus.search.mask_numbers import (
    MaskedLine,
    Size,
    Value,
    centroid,
    core_of,
    gradient_of,
    line_width,
    size_of,
)

RING_BEAMS = 1.0
"""Width of the ring around a mask."""


@dataclass(frozen=True, eq=False)
class MaskMeasurement:
    """A source as its mask shows it. Errors are standard deviations from the noise alone.

    flux : sum over the mask, Jy channels, with its error
    growth : (shell + 1,) flux of the core and after each shell that was added, Jy channels
    x, y : px; channel : centroid, weighted by the data
    first_channel : of the cube, that of spectrum[0]
    spectrum, spectrum_err : (chan,) Jy, in the footprint of the mask in all channels of the box
    w20, w50 : width of the mask's own spectrum at 20 and 50% of its peak, channels
    gradient_chan_px : slope of the mean channel on the sky, channels per px, through the beam;
        NaN if the source is too small
    gradient_pa : direction in which the channel rises, degrees, north (+y) through east (-x)
    size : without the beam, as core.source.Ellipse; None if the source is too small
    ring, ring_err : flux within a beam around the mask in its own channels, Jy channels: negative
        in a bowl, whose depth says how much flux the image has lost
    mask : (chan, y, x) bool, of `box`; box : slices (chan, y, x) of the cube
    """

    flux: Value
    growth: np.ndarray
    x: Value
    y: Value
    channel: Value
    first_channel: int
    spectrum: np.ndarray
    spectrum_err: np.ndarray
    w20: Value
    w50: Value
    gradient_chan_px: float
    gradient_pa: float
    size: Size | None
    ring: float
    ring_err: float
    mask: np.ndarray
    box: Slices


def measure_mask(
    line: np.ndarray,
    labels: np.ndarray,
    number: int,
    core: np.ndarray,
    *,
    box: Slices,
    noise: CorrelatedNoise,
    beam: Ellipse,
) -> MaskMeasurement:
    """One source of a cube, from a box around it.

    line : (chan, y, x) Jy/beam, continuum subtracted, NaN where blank
    labels : (chan, y, x) int, the source of each voxel, 0 for none; number : of this one
    core : (chan, y, x) bool, of `box`: where it surely is, some voxel at least
    noise : of the cube; beam : restoring beam, px
    """
    beam_px = _fwhm_px(beam)
    wide = padded(box, room_around(beam), line.shape)
    data = line[wide]
    blank = ~np.isfinite(data)
    data = np.where(blank, np.float32(0), data)
    closed = blank | ((labels[wide] != 0) & (labels[wide] != number))
    here = noise.within(wide)
    inner = _inside(box, wide)
    start = np.zeros(data.shape, bool)
    start[inner] = core & ~blank[inner]
    growth = grown(data, start, closed, noise=here, beam_px=beam_px)
    ring = around_on_sky(growth.mask, RING_BEAMS * beam_px) & ~closed
    tight = bounding_box(growth.mask)
    whole = (slice(None), tight[1], tight[2])
    masked = MaskedLine(
        np.where(growth.mask, data, 0)[whole], growth.mask[whole], here.within(whole)
    )
    channel, y, x = centroid(masked)
    in_mask, covariance = _spectrum(masked.data, masked.mask, masked.noise, beam)
    footprint = np.any(masked.mask, axis=0)[None]
    spectrum, its_covariance = _spectrum(data[whole] * footprint, footprint, masked.noise, beam)
    bright = core_of(masked)
    slope, angle = (float("nan"), float("nan")) if bright is None else gradient_of(bright, masked)
    first = [each.start for each in wide]
    y0, x0 = first[1] + tight[1].start, first[2] + tight[2].start
    return MaskMeasurement(
        flux=Value(float(in_mask.sum()), _deviation(covariance.sum())),
        growth=growth.sums / beam.area_px,
        x=_moved(x, x0),
        y=_moved(y, y0),
        channel=_moved(channel, first[0]),
        first_channel=first[0],
        spectrum=spectrum,
        spectrum_err=np.sqrt(np.maximum(np.diag(its_covariance), 0.0)),
        w20=line_width(in_mask, covariance, 0.2),
        w50=line_width(in_mask, covariance, 0.5),
        gradient_chan_px=slope,
        gradient_pa=angle,
        size=None if bright is None else _placed(size_of(bright, masked, beam), x=x0, y=y0),
        ring=float(data[ring].sum(dtype=float)) / beam.area_px,
        ring_err=here.error(ring) / beam.area_px if ring.any() else 0.0,
        mask=growth.mask,
        box=wide,
    )


def room_around(beam: Ellipse) -> tuple[int, int, int]:
    """(chan, y, x) voxels around a core in which a mask may grow, and its ring lie."""
    on_sky = ceil((MOST_BEAMS + RING_BEAMS) * _fwhm_px(beam)) + 1
    return ceil(MOST_BEAMS / CHANNEL_BEAMS) + 1, on_sky, on_sky


def _fwhm_px(beam: Ellipse) -> float:
    """Geometric mean."""
    return float(np.sqrt(beam.fwhm_x_px * beam.fwhm_y_px))


def _spectrum(
    data: np.ndarray, mask: np.ndarray, noise: CorrelatedNoise, beam: Ellipse
) -> tuple[np.ndarray, np.ndarray]:
    """(chan,) flux density of data (chan, y, x), 0 outside a mask, and its covariance."""
    spectrum = data.sum(axis=(1, 2), dtype=float) / beam.area_px
    return spectrum, noise.covariance(mask.astype(np.float32)) / beam.area_px**2


def _deviation(variance: float) -> float:
    return float(np.sqrt(max(variance, 0.0)))


def _inside(box: Slices, wide: Slices) -> Slices:
    """A box in the frame of a wider one."""
    k, y, x = (
        slice(each.start - outer.start, each.stop - outer.start)
        for each, outer in zip(box, wide, strict=True)
    )
    return k, y, x


def _moved(value: Value, by: int) -> Value:
    return Value(value.value + by, value.error)


def _placed(size: Size, *, x: int, y: int) -> Size:
    return replace(size, ellipse=size.ellipse.shifted(x=x, y=y))
