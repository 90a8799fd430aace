"""The noise of a cube with its correlations, as the errors of sums over voxels need it."""

from __future__ import annotations

import numpy as np

from deepfocus.core.noise import Power, White, known_autocorrelation
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.forward.response import Response
from deepfocus.search.correlation import REACH_BEAMS
from deepfocus.search.mask import CorrelatedNoise
from deepfocus.search.noise_map import NoiseMap


def correlated_noise(sight: Sight, noise: NoiseMap) -> CorrelatedNoise:
    """On the sky and between channels."""
    return CorrelatedNoise(
        noise.channel,
        noise.position,
        autocorrelation_of(sight.power, sight.response, int(REACH_BEAMS * sight.beam_px)),
        noise.between_channels,
    )


def autocorrelation_of(power: Power, response: Response, reach: int) -> np.ndarray:
    """(odd, odd) of the noise on the sky, 1 in the middle, at lags to `reach` where it is known."""
    if isinstance(power, White):
        return np.ones((1, 1))
    own = known_autocorrelation(power)
    return _middle(
        response.dirty_beam[len(response.dirty_beam) // 2] if own is None else own, reach
    )


def _middle(image: np.ndarray, reach: int) -> np.ndarray:
    """(odd, odd) about the pixel [ny // 2, nx // 2]."""
    y, x = (n // 2 for n in image.shape)
    known = min(reach, y, x, *(n - 1 - n // 2 for n in image.shape))
    return image[y - known : y + known + 1, x - known : x + known + 1]
