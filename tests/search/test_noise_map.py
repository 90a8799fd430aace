"""Noise by channel and position, and its correlation, from cubes where both are known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.search.searching import BEAM_PX, beam_noise, gaussian, white_noise

from deepfocus.core.noise import Measured, White
from deepfocus.search.correlation import noise_power, sky_autocorrelation
from deepfocus.search.noise_map import noise_map

SHAPE = (48, 128, 128)
NOTHING = np.zeros(SHAPE, bool)


def test_noise_follows_channel_and_position() -> None:
    channel = np.linspace(1.0, 2.0, SHAPE[0])
    position = 1 + 0.8 * (np.arange(SHAPE[2]) / SHAPE[2])[None] * np.ones((SHAPE[1], 1))
    cube = beam_noise(3, SHAPE) * channel[:, None, None] * position
    known = noise_map(cube, correlated_px=BEAM_PX, emission=NOTHING)
    expected = channel[:, None, None] * position
    ratio = known.channel[:, None, None] * known.position / expected
    # a channel has 800 independent values, their negative half: 5%; shrinking does not reach 0
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)
    assert np.std(ratio) < 0.06


def test_bright_sources_and_continuum_do_not_count() -> None:
    cube = beam_noise(4, SHAPE)
    cube += 50 * gaussian(SHAPE, 40, 70, 20.0)
    cube[20:24] += 100 * gaussian(SHAPE, 90, 30, 10.0)
    known = noise_map(cube, correlated_px=BEAM_PX, emission=NOTHING)
    assert np.median(known.channel) == pytest.approx(1.0, abs=0.03)


def test_channels_without_data_are_not_searched() -> None:
    cube = white_noise(5, SHAPE)
    cube[10:12] = np.nan
    cube[:, :30] = np.nan
    known = noise_map(cube, correlated_px=0.0, emission=NOTHING)
    assert list(np.flatnonzero(~known.searched)) == [10, 11]
    assert np.median(known.channel) == pytest.approx(1.0, abs=0.02)
    assert np.isfinite(known.position).all()


def test_masked_emission_is_left_out() -> None:
    cube = white_noise(6, SHAPE)
    cube[:, 20:60, 20:60] *= 5.0
    masked = NOTHING.copy()
    masked[:, 20:60, 20:60] = True
    known = noise_map(cube, correlated_px=0.0, emission=masked)
    assert np.median(known.channel) == pytest.approx(1.0, abs=0.02)


def test_white_and_correlated_noise_are_told_apart() -> None:
    for made, kind in ((white_noise, White), (beam_noise, Measured)):
        cube = made(7, SHAPE) + 30 * gaussian(SHAPE, 60, 60)
        known = noise_map(cube, correlated_px=0.0, emission=NOTHING)
        assert isinstance(noise_power(cube, known, reach=12), kind)


def test_autocorrelation_is_that_of_the_beam() -> None:
    cube = beam_noise(8, SHAPE)
    cube[:, :, 100:] = np.nan
    known = noise_map(cube, correlated_px=BEAM_PX, emission=NOTHING)
    found = sky_autocorrelation(cube, known, reach=12)
    expected = gaussian((25, 25), 12, 12)
    # 24 pairs of 500 beams: 1%, four errors
    assert np.abs(found - expected).max() < 0.04
