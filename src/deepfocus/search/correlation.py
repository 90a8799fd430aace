"""How the noise of a cube is correlated on the sky, from the cube itself."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from deepfocus.core.channels import is_image
from deepfocus.core.cube import Cube
from deepfocus.core.noise import DirtyBeam, Measured, Power, SquaredWeights, White
from deepfocus.core.voxels import Voxels
from deepfocus.ops.circular import centred
from deepfocus.search.noise_map import NoiseMap, noise_map

MOST_PAIRS = 24
"""Pairs of channels: an autocorrelation over a hundred beams is known to 2% from that many."""
CLIP = 4.0
WHITE_BELOW = 0.1
"""Correlation with the next pixel. Beams of 3 pixels and more give more than 0.7 to the noise."""
REACH_BEAMS = 4.0
"""Lags at which the noise's autocorrelation is measured, FWHM of the beam."""


def power_of(cube: Cube, beam_px: float) -> Power:
    """The known power of a cube's noise, or else the measured one; beam_px : FWHM of its beam."""
    known = None if cube.noise is None else cube.noise.power
    if isinstance(known, White | DirtyBeam):
        return known
    if isinstance(known, SquaredWeights) and known.beam is not None:
        return known
    noise = noise_map(cube.data, correlated_px=beam_px)
    return noise_power(cube.data, noise, reach=max(1, int(REACH_BEAMS * beam_px)))


def noise_power(data: Voxels, noise: NoiseMap, *, reach: int) -> Power:
    """White, or as measured at lags to `reach` pixels; data : (chan, y, x), NaN where blank."""
    autocorrelation = sky_autocorrelation(data, noise, reach=reach)
    beside = autocorrelation[reach, reach + 1], autocorrelation[reach + 1, reach]
    return White() if max(beside) < WHITE_BELOW else Measured(autocorrelation)


def sky_autocorrelation(data: Voxels, noise: NoiseMap, *, reach: int) -> np.ndarray:
    """(2 reach + 1, 2 reach + 1) autocorrelation of the noise, 1 at its centre.

    Of differences between channels half the band apart: continuum cancels. A single channel stands
    for itself. Values above the clip are left out as if they were blank.
    """
    size = [next_fast_len(n + reach, real=True) for n in data.shape[1:]]
    products = np.zeros((size[0], size[1] // 2 + 1))
    counts = np.zeros_like(products)
    for alone in _noise_alone(data, noise):
        used = np.abs(alone) < CLIP
        products += np.abs(rfft2(np.where(used, alone, 0.0), size)) ** 2
        counts += np.abs(rfft2(used.astype(float), size)) ** 2
    summed, number = (centred(irfft2(each, size), reach) for each in (products, counts))
    mean = np.where(number > 0.5, summed / np.maximum(number, 0.5), 0.0)
    if mean[reach, reach] <= 0:
        return _of_one_pixel(reach)
    autocorrelation: np.ndarray = mean / mean[reach, reach]
    return autocorrelation


def _noise_alone(data: Voxels, noise: NoiseMap) -> Iterator[np.ndarray]:
    """Images (y, x) of unit noise, without continuum; what else shines is above the clip."""
    searched = np.flatnonzero(noise.searched)
    half = len(searched) // 2
    if not half and is_image(len(data)):
        yield from (data[each] / (noise.channel[each] * noise.position) for each in searched)
        return
    for pair in np.unique(np.linspace(0, half - 1, min(half, MOST_PAIRS)).astype(int)):
        one, other = searched[pair], searched[pair + half]
        level = np.hypot(noise.channel[one], noise.channel[other])
        yield (data[one] - data[other]) / (level * noise.position)


def _of_one_pixel(reach: int) -> np.ndarray:
    alone = np.zeros((2 * reach + 1, 2 * reach + 1))
    alone[reach, reach] = 1.0
    return alone
