"""Numbers of a source from the voxels of its mask: where it is, how wide, how large, how it turns.

All are moments of the data, so the errors that the noise gives them follow from its covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.forward.deformations import axes
from deepfocus.ops.ellipses import covariance_of, ellipse_of
from deepfocus.search.mask import CorrelatedNoise

LEAST_LEVEL, MOST_LEVEL = 0.1, 0.6
"""Of the peak of the line image: what is fainter is left out of sizes and gradients."""
LEVEL_ERRORS = 3.0
"""The same in standard deviations, where that is higher."""
ROUNDS = 2
"""Of the correction of second moments for what lies below the level."""
STEP = 1e-3
"""Relative, by which moments are changed to see what becomes of their errors."""
FEWEST_PIXELS = 5
"""Fewer, or all in a row, have neither a size nor a gradient."""


@dataclass(frozen=True)
class Value:
    """A number and its standard deviation; NaN where it is not known."""

    value: float
    error: float


UNKNOWN = Value(float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class MaskedLine:
    """Data in a mask, of a box of the cube.

    data : (chan, y, x), Jy/beam, 0 outside the mask; mask : (chan, y, x) bool
    noise : of the box
    """

    data: np.ndarray
    mask: np.ndarray
    noise: CorrelatedNoise

    @property
    def total(self) -> float:
        """Sum of the data."""
        return float(self.data.sum(dtype=float))


@dataclass(frozen=True, eq=False)
class Core:
    """The connected part of the line image above a level, around its peak.

    image : (y, x) sum over channels, 0 outside; level : of the peak
    """

    image: np.ndarray
    level: float

    @property
    def centre(self) -> np.ndarray:
        """(x, y)"""
        y, x = np.indices(self.image.shape)
        sums = [(self.image * x).sum(), (self.image * y).sum()]
        centre: np.ndarray = np.array(sums) / self.image.sum()
        return centre

    @property
    def kept(self) -> float:
        """Of the variance of a Gaussian, what is found above the level."""
        decades = np.log(1 / self.level)
        return float(1 - decades * self.level / (1 - self.level))

    @property
    def seen(self) -> np.ndarray:
        """(2, 2) second moments over (x, y), px^2, as they are above the level."""
        offsets = _offsets(self.image.shape, self.centre)[:, self.image > 0]
        return _second_moments(offsets, self.image[self.image > 0])

    def covariance_from(self, seen: np.ndarray) -> np.ndarray:
        """(2, 2) covariance over (x, y), px^2, of the Gaussian with these moments as it is seen.

        From the analytic correction for the level, then twice from the moments that such a Gaussian
        has in these pixels. Light in a ring has moments that no Gaussian has: more rounds would
        not end.
        """
        offsets = _offsets(self.image.shape, self.centre)[:, self.image > 0]
        covariance = seen / self.kept
        for _ in range(ROUNDS):
            inverse = np.linalg.inv(covariance)
            gaussian = np.exp(-0.5 * np.einsum("ap,ab,bp->p", offsets, inverse, offsets))
            corrected = covariance + (seen - _second_moments(offsets, gaussian)) / self.kept
            if not np.linalg.eigvalsh(corrected)[0] > 0:
                break
            covariance = corrected
        return covariance


@dataclass(frozen=True)
class Size:
    """A size without the beam, and what the noise leaves open.

    ellipse : 0 along an unresolved axis
    fwhm_x_px_err, fwhm_y_px_err : NaN along an unresolved axis
    fwhm_x_limit_px, fwhm_y_limit_px : size if its square were one standard deviation larger
    """

    ellipse: Ellipse
    fwhm_x_px_err: float
    fwhm_y_px_err: float
    fwhm_x_limit_px: float
    fwhm_y_limit_px: float


def centroid(line: MaskedLine) -> tuple[Value, Value, Value]:
    """(channel, y, x) weighted by the data, negative ones too, so that noise moves it evenly."""
    total = line.total
    if not total > 0:
        return UNKNOWN, UNKNOWN, UNKNOWN
    k, y, x = (_mean_along(line, axis, total) for axis in range(3))
    return k, y, x


def line_width(spectrum: np.ndarray, covariance: np.ndarray, fraction: float) -> Value:
    """Channels between the outermost crossings of a fraction of the peak, interpolated.

    spectrum : (chan,); covariance : (chan, chan) of its noise. A line that is cut off by the end of
    the band is counted to the edge of the last channel, without error on that side.
    """
    peak = int(np.argmax(spectrum))
    if not spectrum[peak] > 0:
        return UNKNOWN
    level = fraction * spectrum[peak]
    above = np.flatnonzero(spectrum >= level)
    low, by_low = _crossing(spectrum, int(above[0]), -1, peak, fraction)
    high, by_high = _crossing(spectrum, int(above[-1]), 1, peak, fraction)
    by_spectrum = by_high - by_low
    error = float(np.sqrt(max(by_spectrum @ covariance @ by_spectrum, 0.0)))
    return Value(high - low, error)


def core_of(line: MaskedLine) -> Core | None:
    """The bright part of the line image; None without a peak or if it is too small."""
    image = line.data.sum(axis=0, dtype=float)
    peak = np.unravel_index(int(np.argmax(image)), image.shape)
    if not image[peak] > 0:
        return None
    noise = LEVEL_ERRORS * _image_noise(line) / image[peak]
    level = float(np.clip(noise, LEAST_LEVEL, MOST_LEVEL))
    islands, _ = ndimage.label(image > level * image[peak], np.ones((3, 3)))
    inside = islands == islands[peak]
    if inside.sum() < FEWEST_PIXELS or np.linalg.matrix_rank(np.cov(np.nonzero(inside))) < 2:
        return None
    return Core(np.where(inside, image, 0.0), level)


def size_of(core: Core, line: MaskedLine, beam: Ellipse) -> Size:
    """That of a Gaussian with the second moments above the level, without the beam."""
    seen = core.seen
    covariance = core.covariance_from(seen)
    change = (core.covariance_from((1 + STEP) * seen) - covariance) / STEP
    x, y = core.centre
    without_beam = covariance - covariance_of(beam)
    ellipse = ellipse_of(without_beam, x=float(x), y=float(y))
    along = np.stack(axes(ellipse))
    variances, changes = (np.einsum("na,ab,nb->n", along, m, along) for m in (without_beam, change))
    errors = changes * np.array([_relative_error(axis, core, line) for axis in along])
    fwhm = FWHM_PER_SIGMA * np.sqrt(np.maximum(variances, 0.0))
    limit = FWHM_PER_SIGMA * np.sqrt(np.maximum(variances, 0.0) + errors)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.where(fwhm > 0, FWHM_PER_SIGMA**2 * errors / (2 * fwhm), np.nan)
    return Size(ellipse, float(error[0]), float(error[1]), float(limit[0]), float(limit[1]))


def gradient_of(core: Core, line: MaskedLine) -> tuple[float, float]:
    """Slope of the mean channel, channels per px, and the angle in which it rises.

    The angle is in degrees, north (+y) through east (-x), 0 to 360. A plane through the mean
    channels of all pixels of the core, weighted by their brightness, as the beam shows them.
    """
    inside = core.image > 0
    channel = np.arange(len(line.data))[:, None, None]
    mean = (line.data * channel).sum(axis=0)[inside] / core.image[inside]
    offsets = _offsets(core.image.shape, core.centre)[:, inside]
    weights = core.image[inside] / core.image.sum()
    moments = _second_moments(offsets, weights)
    if not np.linalg.det(moments) > 0:
        return float("nan"), float("nan")
    by_x, by_y = np.linalg.solve(moments, (offsets * weights) @ (mean - weights @ mean))
    return float(np.hypot(by_x, by_y)), float(np.rad2deg(np.arctan2(-by_x, by_y)) % 360.0)


def _mean_along(line: MaskedLine, axis: int, total: float) -> Value:
    at = np.expand_dims(
        np.arange(line.data.shape[axis], dtype=np.float32), [a for a in range(3) if a != axis]
    )
    mean = float((line.data * at).sum(dtype=float)) / total
    return Value(mean, line.noise.error(line.mask * (at - mean)) / total)


def _crossing(
    spectrum: np.ndarray, inner: int, way: int, peak: int, fraction: float
) -> tuple[float, np.ndarray]:
    """Channel at which the spectrum falls to the level, and its derivatives (chan,)."""
    derivatives = np.zeros(len(spectrum))
    outer = inner + way
    if not 0 <= outer < len(spectrum):
        return inner + 0.5 * way, derivatives
    drop = float(spectrum[inner] - spectrum[outer])
    part = float(spectrum[inner] - fraction * spectrum[peak]) / drop
    derivatives[inner] += way * (1 - part) / drop
    derivatives[outer] += way * part / drop
    derivatives[peak] -= way * fraction / drop
    return inner + way * part, derivatives


def _image_noise(line: MaskedLine) -> float:
    """Standard deviation of the line image, typical of its pixels."""
    footprint = line.mask.any(axis=0)
    channel = np.where(np.isfinite(line.noise.channel), line.noise.channel, 0.0)
    variance = np.tensordot(channel**2, line.mask, axes=1)[footprint]
    together = max(2 * float(np.sum(line.noise.between_channels)) - 1, 0.0)
    return float(np.median(np.sqrt(variance * together) * line.noise.position[footprint]))


def _relative_error(axis: np.ndarray, core: Core, line: MaskedLine) -> float:
    """Of the second moment along an axis (x, y), what the noise changes it by."""
    along = float(axis @ core.seen @ axis)
    offset = np.tensordot(axis, _offsets(core.image.shape, core.centre), axes=1)
    weights = line.mask * ((core.image > 0) * (offset**2 - along))
    return line.noise.error(weights) / float(core.image.sum()) / along


def _second_moments(offsets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(2, 2) about 0 of offsets (2, pixel)."""
    moments: np.ndarray = (offsets * weights) @ offsets.T / weights.sum()
    return moments


def _offsets(shape: tuple[int, ...], centre: np.ndarray) -> np.ndarray:
    """(2, y, x) offsets from a centre (x, y), in x and in y."""
    y, x = np.indices(shape)
    offsets: np.ndarray = np.stack([x - centre[0], y - centre[1]])
    return offsets
