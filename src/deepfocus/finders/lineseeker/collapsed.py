"""Channels collapsed with a Gaussian kernel, in units of the noise of each, and their peaks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.judged_peaks import LinePeak
from deepfocus.finders.lineseeker.groups import chains
from deepfocus.finders.matched_filter.bank import kernels

CLIP_RMS = 5.0
"""LineSeeker leaves out of a channel's noise what stands out more than this from its rms."""


def line_width(sigma_chan: float) -> float:
    """FWHM, in channels, of a line that a kernel of that sigma fits; one channel is the least."""
    return max(FWHM_PER_SIGMA * sigma_chan, 1.0)


def signal_to_noise(line_data: np.ndarray, sigma_chan: float) -> np.ndarray:
    """(chan, y, x) float32: the cube, smoothed in frequency, over the noise of each channel.

    line_data : (chan, y, x) without continuum, NaN where blank; those are 0
    sigma_chan : of the kernel; 0 for the channels as they are
    """
    missing = ~np.isfinite(line_data)
    snr = np.where(missing, np.float32(0), line_data)
    if sigma_chan > 0:
        kernel = kernels(len(snr), FWHM_PER_SIGMA * sigma_chan)
        snr = (kernel @ snr.reshape(len(snr), -1)).reshape(snr.shape)
    for plane, blank in zip(snr, missing, strict=True):
        plane /= clipped_rms(plane[~blank])
        plane[blank] = 0.0
    return snr


def clipped_rms(values: np.ndarray) -> float:
    """The rms of values, measured again without those beyond `CLIP_RMS` of it; infinite if 0."""
    rms = _rms(values)
    rms = _rms(values[np.abs(values) < CLIP_RMS * rms])
    return rms if rms > 0 else float("inf")


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else 0.0


def peaks_above(
    snr: np.ndarray, threshold: float, *, radius: float, width_chan: float
) -> Iterator[LinePeak]:
    """The highest voxel of each chain of voxels above a threshold."""
    at = np.flatnonzero(snr >= threshold)
    if not len(at):
        return
    height = snr.ravel()[at]
    voxels = np.stack(np.unravel_index(at, snr.shape), axis=1)
    chain = chains(voxels, radius)
    order = np.lexsort((-height, chain))
    for first in order[np.diff(chain[order], prepend=-1) > 0]:
        channel, y, x = voxels[first]
        yield LinePeak(int(channel), int(y), int(x), float(height[first]), width_chan)
