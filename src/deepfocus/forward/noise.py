"""The noise of a cube: the known level, or one measured from its voxels."""

from __future__ import annotations

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.ops.snr import mad_sigma

EVERY_PX = 3
"""Step between the pixels that are read: noise is correlated over a beam anyway."""


def noise_level(cube: Cube) -> float:
    """Noise standard deviation per channel (Jy/beam): the known value, or else a measurement."""
    known = None if cube.noise is None else cube.noise.level_jy_beam
    return known or measured_level(cube.array)


def measured_level(data: np.ndarray) -> float:
    """Noise standard deviation per channel, from the differences of neighbouring channels.

    data : (chan, y, x), NaN where blank. Continuum and wide lines cancel in the differences, and
    the median absolute deviation ignores narrow lines. The result is too low if neighbouring
    channels are correlated (by online Hanning smoothing). 0 without data.
    """
    sample = data[:, ::EVERY_PX, ::EVERY_PX]
    return mad_sigma(np.diff(sample, axis=0)) / float(np.sqrt(2))
