"""A bank of Gaussian line kernels, and the highest signal-to-noise over it in every voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label

from deepfocus.ops.gaussians import gaussian_1d
from deepfocus.ops.snr import mad_sigma

EVERY_PX = 3
TOUCHING = np.ones((3, 3, 3), bool)


@dataclass(frozen=True, eq=False)
class Filtered:
    """Signal-to-noise of the best kernel in every voxel.

    highest, lowest : (chan, y, x), over all kernels, in standard deviations
    best : (chan, y, x) number of the kernel of the highest
    """

    highest: np.ndarray
    lowest: np.ndarray
    best: np.ndarray


@dataclass(frozen=True)
class Peak:
    """A group of touching voxels above the threshold, at its highest."""

    channel: int
    y: int
    x: int
    snr: float
    kernel: int


def filtered(line_data: np.ndarray, widths_chan: Sequence[float]) -> Filtered:
    """Correlate every spectrum of a cube (chan, y, x) with every kernel.

    widths_chan : FWHM of the kernels. The noise of each filtered channel is measured in it.
    """
    channels = len(line_data)
    flat = np.nan_to_num(line_data).reshape(channels, -1)
    highest = np.full(flat.shape, -np.inf, np.float32)
    lowest = np.full(flat.shape, np.inf, np.float32)
    best = np.zeros(flat.shape, np.uint8)
    for number, width in enumerate(widths_chan):
        smoothed = (kernels(channels, width) @ flat).reshape(line_data.shape)
        snr = smoothed.reshape(flat.shape)
        snr /= channel_sigma(smoothed, line_data)[:, None]
        better = snr > highest
        highest[better] = snr[better]
        best[better] = number
        np.minimum(lowest, snr, out=lowest)
    return Filtered(*(each.reshape(line_data.shape) for each in (highest, lowest, best)))


def kernels(channels: int, width_chan: float) -> np.ndarray:
    """(chan, chan) float32: in each row a line of that FWHM about its channel, of unit norm."""
    rows = np.stack([gaussian_1d(channels, centre, width_chan) for centre in range(channels)])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def channel_sigma(smoothed: np.ndarray, original: np.ndarray) -> np.ndarray:
    """(chan,) noise of filtered channels, from a sample of the pixels that have data."""
    sample = smoothed[:, ::EVERY_PX, ::EVERY_PX]
    good = np.isfinite(original[:, ::EVERY_PX, ::EVERY_PX])
    sigma = np.array([mad_sigma(plane[mask]) for plane, mask in zip(sample, good, strict=True)])
    return np.where(sigma > 0, sigma, np.inf)


def peaks_of(snr: np.ndarray, best: np.ndarray, threshold: float) -> list[Peak]:
    """Groups of touching voxels above a threshold, by falling signal-to-noise.

    snr : (chan, y, x)
    """
    above = snr >= threshold
    voxels = np.flatnonzero(above)
    groups = label(above, structure=TOUCHING)[0].ravel()[voxels]
    # the highest voxel of each group comes first
    order = np.lexsort((-snr.ravel()[voxels], groups))
    first = np.diff(groups[order], prepend=0) > 0
    places = np.unravel_index(voxels[order][first], snr.shape)
    found = [
        Peak(int(k), int(y), int(x), float(snr[k, y, x]), int(best[k, y, x]))
        for k, y, x in zip(*places, strict=True)
    ]
    return sorted(found, key=lambda peak: -peak.snr)


def linked(peaks: Sequence[Peak], widths_chan: Sequence[float], *, link_px: float) -> list[Peak]:
    """The highest of each chain of peaks that lie close together, their lines overlapping.

    peaks : by falling signal-to-noise; link_px : distance between two links of a chain
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
