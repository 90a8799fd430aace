"""The limit of every measurement: the ideal observer's signal-to-noise ratio and the least errors.

The ideal observer knows a line's template and everything else in the cube. The Cramer-Rao bound
is the smallest standard deviation that an unbiased measurement can have; it assumes that the model
of the source is right, and that position, shape and angle are free as well as the line's channel,
width and flux, and the flux density of all that the source emits besides. Other sources are known.
Both follow from `forward.kernels`: exact where the filter there is the best one (dirty cubes); for
a cleaned cube, they are those of the best filter that keeps to what was observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from deepfocus.core.source import Ellipse
from deepfocus.forward.cells import cells_of
from deepfocus.forward.deformations import SHAPES, Seen, ShapeChange
from deepfocus.forward.kernels import Kernels

ITSELF, SHIFTS, SHAPE = 0, (1, 2), (3, 4, 5)
"""The images of a source: itself, and its changes with x, y and shape."""
DEGENERATE = 1e-12
"""Smallest eigenvalue, relative to the largest, of a matrix of information that has an inverse."""


@dataclass(frozen=True)
class Limit:
    """What the best measurement of one line would reach.

    snr : of the line alone, for an ideal observer
    x_px, y_px, channel, width_chan, fwhm_x_px, fwhm_y_px, pa_deg : smallest standard deviations
    flux, rest : of the line's flux, and of all else that the source emits, relative. NaN for what
        the source does not have or the cube does not tell.
    """

    snr: float
    x_px: float
    y_px: float
    channel: float
    width_chan: float
    fwhm_x_px: float
    fwhm_y_px: float
    pa_deg: float
    flux: float
    rest: float

    def brighter(self, factor: float) -> Limit:
        """The limit of the same source with `factor` times the flux density."""
        scaled = {name: value / factor for name, value in vars(self).items() if name != "snr"}
        return Limit(snr=self.snr * factor, **scaled)


@dataclass(frozen=True, eq=False)
class SpatialInformation:
    """Products of a source's images through the kernels: itself and its changes, of every part.

    model, noise : (image, part, image, part), the images in the order itself, x, y, three of shape
    """

    model: np.ndarray
    noise: np.ndarray

    def __add__(self, other: SpatialInformation) -> SpatialInformation:
        """What two independent observations tell together."""
        model = self.model + other.model
        best = self.noise is self.model and other.noise is other.model
        return SpatialInformation(model, model if best else self.noise + other.noise)


@dataclass(frozen=True, eq=False)
class LineSpectra:
    """(part, chan) spectra of a source and one of its lines over the noise of each channel.

    total : all emission; own : the line; by_channel, by_width : its derivatives by its centre and
    by the logarithm of its width
    """

    total: np.ndarray
    own: np.ndarray
    by_channel: np.ndarray
    by_width: np.ndarray


def spatial_information(
    images: np.ndarray,
    *,
    x: float,
    y: float,
    shape: ShapeChange,
    primary_beam: np.ndarray,
    kernels: Kernels,
) -> SpatialInformation:
    """How well a source's images can be told from each other.

    images : (part, rows, columns) on a patch of sky, Jy/pixel at unit spectrum
    x, y : the source on the patch; primary_beam : (rows, columns)
    """
    cells = cells_of(kernels, max(images.shape[-2:]))
    source = Seen(images, primary_beam.astype(np.float32), x=x, y=y, cells=cells)
    changes = np.concatenate([source.itself[None], source.shifts(), shape.changes(source)])
    seen = changes.reshape(-1, changes.shape[-1])
    kinds = changes.shape[:2] * 2
    model = cells.products(seen, cells.model).reshape(kinds)
    if cells.noise is cells.model:
        return SpatialInformation(model, model)
    return SpatialInformation(model, cells.products(seen, cells.noise).reshape(kinds))


def patch_around(place: Ellipse, reach: int, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of an image within `reach` pixels of a source; at least one pixel."""
    rows, columns = (
        slice(min(max(round(at) - reach, 0), n - 1), max(min(round(at) + reach + 1, n), 1))
        for at, n in zip((place.y, place.x), shape, strict=True)
    )
    return rows, columns


def limit_of(
    spatial: SpatialInformation, line: LineSpectra, *, width_chan: float, shape: ShapeChange
) -> Limit:
    """The limit of one line; NaN where the information has no inverse."""
    rest = line.total - line.own
    spectra = [line.total] * (len(SHIFTS) + SHAPES)
    spectra += [line.by_channel, line.by_width, line.own, rest]
    images = [*SHIFTS, *SHAPE, *([ITSELF] * 4)]
    model = _gram(spatial.model, images, spectra)
    best = spatial.noise is spatial.model
    noise = model if best else _gram(spatial.noise, images, spectra)
    covariance = _covariance(model, noise)
    variance = np.diag(covariance)
    # of a source that the image hardly shows, rounding may leave less than nothing
    deviation = np.sqrt(np.where(variance >= 0, variance, np.nan))
    fwhm_x_px, fwhm_y_px, pa_deg = shape.spread(covariance[2:5, 2:5])
    return Limit(
        snr=_signal_to_noise(model[7, 7], noise[7, 7]),
        x_px=float(deviation[0]),
        y_px=float(deviation[1]),
        channel=float(deviation[5]),
        width_chan=float(deviation[6] * width_chan),
        fwhm_x_px=fwhm_x_px,
        fwhm_y_px=fwhm_y_px,
        pa_deg=pa_deg,
        flux=float(deviation[7]),
        rest=float(deviation[8]),
    )


def _gram(information: np.ndarray, images: list[int], spectra: list[np.ndarray]) -> np.ndarray:
    """(parameter, parameter) information, summed over parts and channels."""
    gram = np.empty((len(images), len(images)))
    for p, q in product(range(len(images)), repeat=2):
        in_common = spectra[p] @ spectra[q].T
        gram[p, q] = np.sum(information[images[p], :, images[q]] * in_common)
    return gram


def _covariance(model: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """H^-1 M H^-1 of the parameters that change anything; NaN for the others."""
    covariance = np.full(model.shape, np.nan)
    told = np.diag(model) > DEGENERATE * np.diag(model).max() if np.any(model) else []
    told = np.flatnonzero(told)
    scale = 1 / np.sqrt(np.diag(model)[told])
    both = np.ix_(told, told)
    scaled = model[both] * np.outer(scale, scale)
    if not len(told) or np.linalg.eigvalsh(scaled)[0] < DEGENERATE:
        return covariance
    inverse = np.linalg.inv(scaled) * np.outer(scale, scale)
    covariance[both] = inverse if noise is model else inverse @ noise[both] @ inverse
    return covariance


def _signal_to_noise(model: float, noise: float) -> float:
    return float(model / np.sqrt(noise)) if noise > 0 else 0.0
