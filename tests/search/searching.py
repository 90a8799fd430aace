"""Cubes for the tests of the search, with a Gaussian beam, and searches of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.fft import irfft2, rfft2

from deepfocus.core.noise import DirtyBeam, White
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.workspace import IN_MEMORY
from deepfocus.search.bank import Bank, bank_of
from deepfocus.search.continuum import projection_of
from deepfocus.search.fields import fields
from deepfocus.search.first_filter import FirstFilter, first_filter
from deepfocus.search.noise_map import NoiseMap, noise_map
from deepfocus.search.peaks import Lattice, Peak, maxima
from deepfocus.search.search import Found, search
from deepfocus.search.unit_noise import searched

BEAM_PX = 6.0
"""FWHM of the beam, which also correlates the noise."""

Noise = Callable[[int, tuple[int, int, int]], np.ndarray]


def beam_noise(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    """(chan, y, x) of unit variance, whose autocorrelation is a Gaussian of FWHM BEAM_PX."""
    return noise_of(beam_power(shape), seed, shape)


def beam_power(shape: tuple[int, ...]) -> np.ndarray:
    """(y, x // 2 + 1) power in the uv plane of the Gaussian beam; 1 in the middle."""
    sigma = BEAM_PX / FWHM_PER_SIGMA
    v, u = np.fft.fftfreq(shape[-2])[:, None], np.fft.rfftfreq(shape[-1])[None]
    power: np.ndarray = np.exp(-2 * np.pi**2 * sigma**2 * (u**2 + v**2))
    return power


def noise_of(power: np.ndarray, seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    """(chan, y, x) of unit variance with a power in the uv plane (y, x // 2 + 1)."""
    mean = irfft2(power, shape[1:])[0, 0]
    white = np.random.default_rng(seed).standard_normal(shape)
    return irfft2(rfft2(white) * np.sqrt(power / mean), shape[1:]).astype(np.float32)


def white_noise(seed: int, shape: tuple[int, int, int]) -> np.ndarray:
    """(chan, y, x) of unit variance."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def gaussian(shape: tuple[int, ...], x: float, y: float, fwhm: float = BEAM_PX) -> np.ndarray:
    """(y, x) of unit peak."""
    dy, dx = np.arange(shape[-2])[:, None] - y, np.arange(shape[-1])[None] - x
    return np.exp(-4 * np.log(2) * (dy**2 + dx**2) / fwhm**2)


def line(channels: int, at: float, fwhm: float) -> np.ndarray:
    """(chan, 1, 1) of unit peak."""
    return np.exp(-4 * np.log(2) * ((np.arange(channels) - at) / fwhm) ** 2)[:, None, None]


def filters(shape: tuple[int, ...], *, white: bool) -> tuple[Bank, FirstFilter]:
    """The bank and its smallest filter."""
    finest = BEAM_PX if white else BEAM_PX / np.sqrt(2)
    bank = bank_of(shape[0], BEAM_PX, finest_px=float(finest))
    step = bank.steps_px[0]
    beam = gaussian((65, 65), 32, 32)
    power = White() if white else DirtyBeam()
    ny, nx = shape[1:]
    return bank, first_filter(beam, power, beam_px=BEAM_PX, step=step, shape=(ny, nx))


def found_in(cube: np.ndarray, *, white: bool = False, false_peaks: float = 0.01) -> Found:
    """What a search of a cube finds, with its noise measured."""
    known = noise_map(
        cube, correlated_px=0.0 if white else BEAM_PX, emission=np.zeros(cube.shape, bool)
    )
    return search(cube, known, *filters(cube.shape, white=white), false_peaks=false_peaks)


def highest_without_noise(source: np.ndarray, noise: np.ndarray, *, white: bool) -> Peak:
    """The highest peak of a source (chan, y, x), in units of the noise of another cube."""
    known = NoiseMap(np.ones(len(source), np.float32), np.ones(source.shape[1:], np.float32))
    bank, first = filters(source.shape, white=white)
    projection = projection_of(known.channel)
    of_noise = fields(noise, known, bank, first, IN_MEMORY)
    sizes = []
    for i, (field, alone) in enumerate(
        zip(fields(source, known, bank, first, IN_MEMORY), of_noise, strict=True)
    ):
        ready = searched(alone, bank, i, known.channel, projection)
        sizes.append(replace(ready, field=field))
    nowhere = np.zeros(sizes[0].field.values.shape[1:], bool)
    lattice = Lattice(tuple(sizes), bank, projection, nowhere)
    best = lattice.highest(*(slice(0, n) for n in lattice.shape[1:]))
    peaks = [lattice.refined(node) for node in maxima(best, 0.8 * float(best.max()))]
    return max(peaks, key=lambda peak: peak.snr)
