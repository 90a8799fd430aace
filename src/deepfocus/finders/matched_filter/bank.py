"""A bank of Gaussian line kernels, and the highest signal-to-noise of any kernel in each voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from deepfocus.ops.gaussians import gaussian_1d
from deepfocus.ops.snr import mad_sigma

EVERY_PX = 3
TOUCHING = np.ones((3, 3, 3), bool)
BAND_SHARE = 0.25
"""Kernels wider than this share of the band are not used: such lines look like continuum."""


@dataclass(frozen=True, eq=False)
class Highest:
    """The highest signal-to-noise of any kernel in every voxel.

    snr : (chan, y, x), in standard deviations; kernel : (chan, y, x) index of that kernel
    """

    snr: np.ndarray
    kernel: np.ndarray

    def reshaped(self, shape: tuple[int, ...]) -> Highest:
        """The same voxels in another shape."""
        return Highest(self.snr.reshape(shape), self.kernel.reshape(shape))


@dataclass(frozen=True)
class Peak:
    """The highest voxel of a group of touching voxels above the threshold."""

    channel: int
    y: int
    x: int
    snr: float
    kernel: int


def within_band(widths_chan: Sequence[float], channels: int) -> tuple[float, ...]:
    """The widths that are narrow enough for a band; the narrowest is always kept."""
    narrow = min(widths_chan)
    return tuple(
        width for width in widths_chan if width <= BAND_SHARE * channels or width == narrow
    )


def filtered(line_data: np.ndarray, widths_chan: Sequence[float]) -> tuple[Highest, Highest]:
    """Correlate every spectrum of a cube (chan, y, x) with every kernel.

    widths_chan : FWHM of the kernels. The noise is measured in each filtered channel separately.

    Returns the highest of the cube and the highest of the negative cube.
    """
    channels = len(line_data)
    flat = np.nan_to_num(line_data).reshape(channels, -1)
    positive, negative = _lowest_start(flat.shape), _lowest_start(flat.shape)
    for number, width in enumerate(widths_chan):
        smoothed = (kernels(channels, width) @ flat).reshape(line_data.shape)
        snr = smoothed.reshape(flat.shape)
        snr /= channel_sigma(smoothed, line_data)[:, None]
        _raise(positive, snr, number)
        _raise(negative, np.negative(snr, out=snr), number)
    return positive.reshaped(line_data.shape), negative.reshaped(line_data.shape)


def _lowest_start(shape: tuple[int, ...]) -> Highest:
    return Highest(np.full(shape, -np.inf, np.float32), np.zeros(shape, np.uint8))


def _raise(highest: Highest, snr: np.ndarray, kernel: int) -> None:
    """Update the voxels, in place, in which a kernel gives more than those before."""
    better = snr > highest.snr
    np.copyto(highest.snr, snr, where=better)
    highest.kernel[better] = kernel


def kernels(channels: int, width_chan: float) -> np.ndarray:
    """(chan, chan) float32: each row is a Gaussian line centred on its channel, with unit norm."""
    rows = np.stack([gaussian_1d(channels, centre, width_chan) for centre in range(channels)])
    unit_norm: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit_norm.astype(np.float32)


def channel_sigma(smoothed: np.ndarray, original: np.ndarray) -> np.ndarray:
    """(chan,) noise of the filtered channels, from a sample of the pixels with data."""
    sample = smoothed[:, ::EVERY_PX, ::EVERY_PX]
    good = np.isfinite(original[:, ::EVERY_PX, ::EVERY_PX])
    sigma = np.array([mad_sigma(plane[mask]) for plane, mask in zip(sample, good, strict=True)])
    return np.where(sigma > 0, sigma, np.inf)


def peaks_of(highest: Highest, threshold: float) -> list[Peak]:
    """The peak of every group of touching voxels above a threshold, highest first."""
    snr, kernel = highest.snr, highest.kernel
    above = snr >= threshold
    voxels = np.flatnonzero(above)
    groups = label(above, structure=TOUCHING)[0].ravel()[voxels]
    # the highest voxel of each group comes first
    order = np.lexsort((-snr.ravel()[voxels], groups))
    first = np.diff(groups[order], prepend=0) > 0
    positions = np.unravel_index(voxels[order][first], snr.shape)
    found = [
        Peak(int(k), int(y), int(x), float(snr[k, y, x]), int(kernel[k, y, x]))
        for k, y, x in zip(*positions, strict=True)
    ]
    return sorted(found, key=lambda peak: -peak.snr)


def linked(peaks: Sequence[Peak], widths_chan: Sequence[float], *, link_px: float) -> list[Peak]:
    """The highest peak of each chain of nearby peaks with overlapping lines.

    peaks : highest first; link_px : maximum distance between two links of a chain
    """
    chains: list[list[Peak]] = []
    for peak in peaks:
        near = [chain for chain in chains if _touches(chain, peak, widths_chan, link_px)]
        chains = [chain for chain in chains if chain not in near]
        chains.append([*(each for chain in near for each in chain), peak])
    return sorted((max(chain, key=lambda p: p.snr) for chain in chains), key=lambda p: -p.snr)


def _touches(
    chain: Sequence[Peak], peak: Peak, widths_chan: Sequence[float], link_px: float
) -> bool:
    return any(
        np.hypot(peak.x - other.x, peak.y - other.y) <= link_px
        and abs(peak.channel - other.channel)
        <= widths_chan[peak.kernel] + widths_chan[other.kernel]
        for other in chain
    )
