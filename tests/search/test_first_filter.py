"""The smallest filter, for noise that the weights of visibilities have made unlike the beam."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.fft import irfft2
from tests.search.searching import BEAM_PX, beam_power, gaussian, noise_of

from deepfocus.core.noise import DirtyBeam, Measured, SquaredWeights
from deepfocus.core.workspace import IN_MEMORY
from deepfocus.search.bank import bank_of
from deepfocus.search.fields import fields
from deepfocus.search.first_filter import FirstFilter, KernelFilter, PixelItself, first_filter
from deepfocus.search.noise_map import NoiseMap

SHAPE = (48, 120, 132)
BEAM = gaussian((97, 97), 48, 48)
SIDE = 96

CORE, NARROWER = 20.0, 8.0
"""Short baselines: so many times more visibilities than beside them, in a core of so much less
area. Weights that even that out give the Gaussian beam, and noise with a hole in the middle."""


def density(shape: tuple[int, ...]) -> np.ndarray:
    """(y, x // 2 + 1) of visibilities in the uv plane: what natural weights have for a beam."""
    beam = beam_power(shape)
    dense: np.ndarray = beam * (1 + CORE * beam**NARROWER)
    return dense


def power(shape: tuple[int, ...]) -> np.ndarray:
    """(y, x // 2 + 1) of the noise, under the weights that make the beam."""
    made: np.ndarray = beam_power(shape) ** 2 / density(shape)
    return made


def autocorrelation() -> np.ndarray:
    """(97, 97) of the noise."""
    circular = irfft2(power((SIDE, SIDE)), (SIDE, SIDE))
    centred = np.fft.fftshift(circular) / circular[0, 0]
    return np.pad(centred, ((0, 1), (0, 1)), mode="wrap")


def filter_for(noise: DirtyBeam | Measured | SquaredWeights) -> FirstFilter:
    return first_filter(BEAM, noise, beam_px=BEAM_PX, step=1, shape=SHAPE[1:])


def snr_of_a_point(first: FirstFilter, noise: np.ndarray) -> float:
    """Far from any end; noise has unit variance."""
    inner = slice(30, -30)
    seen = float(first.of(gaussian(SHAPE, 60, 60))[60, 60])
    return seen / float(np.std([first.of(plane)[inner, inner] for plane in noise]))


def test_a_point_is_seen_through_noise_as_well_as_it_can_be() -> None:
    noise = noise_of(power(SHAPE), 1, SHAPE)
    weighed = filter_for(SquaredWeights(autocorrelation))
    gain = snr_of_a_point(weighed, noise) / snr_of_a_point(PixelItself(1), noise)
    beam, of_noise, dense = (
        irfft2(each, SHAPE[1:])[0, 0] for each in (beam_power(SHAPE), power(SHAPE), density(SHAPE))
    )
    best = np.sqrt(dense) / (beam / np.sqrt(of_noise))
    assert best > 1.1
    # two beams tell of no finer structure in the uv plane, and the filter ends at four
    assert 1 + 0.6 * (best - 1) < gain < 1 + 1.1 * (best - 1)


def test_what_was_measured_serves_as_what_is_known() -> None:
    known, measured = (
        filter_for(each) for each in (SquaredWeights(autocorrelation), Measured(autocorrelation()))
    )
    np.testing.assert_array_equal(known.kernel, measured.kernel)


@pytest.mark.parametrize("noise", [DirtyBeam(), Measured(BEAM), SquaredWeights(lambda: BEAM)])
def test_where_the_beam_correlates_the_noise_the_pixel_tells_all(noise: DirtyBeam) -> None:
    assert filter_for(noise) == PixelItself(1)


def test_noise_is_as_high_where_data_end_as_inside() -> None:
    """What surroundings cancel is left where there are none."""
    y, x = np.mgrid[: SHAPE[1], : SHAPE[2]]
    radius = np.hypot(x - 60, y - 60)
    cube = noise_of(power(SHAPE), 2, SHAPE)
    cube[:, radius > 50] = np.nan
    level = NoiseMap(np.ones(SHAPE[0], np.float32), np.ones(SHAPE[1:], np.float32))
    bank = bank_of(SHAPE[0], BEAM_PX, finest_px=BEAM_PX / np.sqrt(2))
    first = filter_for(Measured(autocorrelation()))
    assert isinstance(first, KernelFilter)

    def at_the_rim(of: FirstFilter) -> list[float]:
        """Noise over that inside, of each size that is small beside the data."""
        levels = []
        for field in fields(cube, level, bank, of, IN_MEMORY)[:4]:
            here = radius[:: field.step, :: field.step]
            values = np.asarray(field.values)
            inside, rim = (np.std(values[:, part]) for part in (here < 30, abs(here - 48) < 2))
            levels.append(float(rim / inside))
        return levels

    # some hundred beams lie at the rim of all channels
    assert np.abs(np.array(at_the_rim(first)) - 1).max() < 0.1
    # as if the noise were white
    assert max(at_the_rim(replace(first, noise=None))) > 1.2
