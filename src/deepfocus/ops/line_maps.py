"""Maps and spectra of a source, from the voxels around it: mask, moments 0 to 2, aperture flux."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.source import Ellipse
from deepfocus.ops.ellipses import covariance_of
from deepfocus.ops.snr import mad_sigma

MASKED_SNR = 2.0
"""Of voxels of a mask, over the noise of a channel."""
FEWEST_FREE = 8
"""Channels without the line, from which continuum and noise are measured."""
FREE_FWHM = 1.5
"""From the line's centre: beyond, channels are free of it."""


def ellipse_mask(shape: tuple[int, int], ellipse: Ellipse, *, scale: float) -> np.ndarray:
    """(y, x) bool: inside the ellipse whose semi-axes are `scale` FWHM; its centre at least."""
    y, x = np.indices(shape)
    offsets = np.stack([x - ellipse.x, y - ellipse.y])
    # a Gaussian falls to 16^-r^2 at r FWHM from its centre
    inverse = np.linalg.inv(covariance_of(ellipse)) / (8 * np.log(2))
    radius = np.einsum("iyx,ij,jyx->yx", offsets, inverse, offsets)
    inside: np.ndarray = radius <= scale**2
    at = (
        int(np.clip(round(ellipse.y), 0, shape[0] - 1)),
        int(np.clip(round(ellipse.x), 0, shape[1] - 1)),
    )
    inside[at] = True
    return inside


def line_free(channels: int, *, centre: float, fwhm: float) -> np.ndarray:
    """(chan,) bool: channels without the line."""
    free: np.ndarray = np.abs(np.arange(channels) - centre) > FREE_FWHM * fwhm + 1
    return free


def without_continuum(data: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, float]:
    """(chan, y, x) less the mean over free channels, and the noise in them.

    With too few of them, nothing is subtracted and the noise is that of all.
    """
    if np.count_nonzero(free & np.isfinite(data).any(axis=(1, 2))) < FEWEST_FREE:
        return data, mad_sigma(data[np.isfinite(data)])
    empty = data[free]
    known = np.isfinite(empty)
    mean = np.where(known, empty, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    line = data - mean.astype(data.dtype)
    left = line[free]
    return line, mad_sigma(left[np.isfinite(left)])


@dataclass(frozen=True, eq=False)
class Moments:
    """Images (y, x) of a line, in channels.

    total : sum over its channels; centre, spread : mean channel and its standard deviation in the
        mask; NaN where that has nothing
    """

    total: np.ndarray
    centre: np.ndarray
    spread: np.ndarray


def moments_of(line: np.ndarray, mask: np.ndarray, *, channels: slice) -> Moments:
    """Of a line (chan, y, x) in some channels. mask : (chan, y, x) bool"""
    # blank voxels count as 0, a pixel without any data is blank
    inside = line[channels]
    total = np.where(np.isfinite(inside).any(axis=0), np.nan_to_num(inside).sum(axis=0), np.nan)
    weight = np.where(mask, np.nan_to_num(line), 0.0)
    summed = weight.sum(axis=0)
    told = summed > 0
    divisor = np.where(told, summed, 1.0)
    at = np.arange(len(line), dtype=float)
    mean = np.tensordot(at, weight, axes=1) / divisor
    square = np.tensordot(at**2, weight, axes=1) / divisor
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return Moments(total, np.where(told, mean, np.nan), np.where(told, spread, np.nan))


def aperture_sums(data: np.ndarray, aperture: np.ndarray) -> np.ndarray:
    """(chan,) sum of data (chan, y, x) over an aperture (y, x) bool; NaN in blank channels."""
    inside = data[:, aperture]
    known = np.isfinite(inside)
    sums: np.ndarray = np.where(known.any(axis=1), np.where(known, inside, 0).sum(axis=1), np.nan)
    return sums


def scatter(sums: np.ndarray, free: np.ndarray) -> float:
    """Standard deviation of sums (chan,) in free channels: that of correlated noise, measured.

    NaN with too few of them.
    """
    values = sums[free & np.isfinite(sums)]
    return float(mad_sigma(values)) if len(values) >= FEWEST_FREE else float("nan")
