"""The line of a source in an image: where its spectrum has the highest signal-to-noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import ChannelRange, around
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.ops.continuum import FitTrend
from deepfocus.ops.snr import mad_sigma


@dataclass(frozen=True)
class LineOfIsland:
    """The best-matching Gaussian in a spectrum.

    span : its centre +- FWHM; snr : signal-to-noise of the best kernel
    """

    span: ChannelRange
    snr: float


def strongest_line(
    spectrum: np.ndarray, widths_chan: Sequence[float], *, within: ChannelRange | None = None
) -> LineOfIsland | None:
    """The strongest line of a spectrum (chan,), NaN where missing; None without data or noise.

    widths_chan : FWHM of the kernels to try; within : channels of its centre, None for any
    """
    if not np.isfinite(spectrum).any():
        return None
    channels = np.arange(len(spectrum))
    trend = FitTrend()(spectrum, [])
    excess = np.nan_to_num(spectrum - (trend(channels) if trend.known else 0.0))
    noise = mad_sigma(np.diff(spectrum)) / np.sqrt(2)
    if noise <= 0:
        return None
    inside = slice(None) if within is None else within.slice(len(spectrum))
    best: LineOfIsland | None = None
    for width in widths_chan:
        offset = (channels[:, None] - channels) * FWHM_PER_SIGMA / width
        kernels = np.exp(-0.5 * offset**2)
        snr = kernels @ excess / np.linalg.norm(kernels, axis=1) / noise
        at = int(channels[inside][np.argmax(snr[inside])])
        if best is None or snr[at] > best.snr:
            best = LineOfIsland(around(float(at), width), float(snr[at]))
    return best
