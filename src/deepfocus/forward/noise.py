"""The noise of a cube: what is known of it, or what its own voxels say."""

from __future__ import annotations

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.ops.snr import mad_sigma

EVERY_PX = 3
"""Pixels between those that are read: noise is correlated over a beam anyhow."""


def noise_level(cube: Cube) -> float:
    """Standard deviation of the noise in one channel, Jy/beam: known, or else measured."""
    known = None if cube.noise is None else cube.noise.level_jy_beam
    return known or measured_level(cube.data)


def measured_level(data: np.ndarray) -> float:
    """Standard deviation in one channel, from the differences of neighbouring channels.

    data : (chan, y, x), NaN where there are no data. Continuum and wide lines cancel in a
    difference, and its median absolute deviation passes over narrow ones. Where neighbouring
    channels are correlated (an online Hanning smoothing) it is too low. 0 without data.
    """
    sample = data[:, ::EVERY_PX, ::EVERY_PX]
    return mad_sigma(np.diff(sample, axis=0)) / float(np.sqrt(2))
