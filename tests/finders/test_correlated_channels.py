"""Channels that a correlator smooths (Hanning) are not independent: errors and gains know it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from dirty_cubes import dirty_cube
from scipy.linalg import toeplitz
from scipy.ndimage import convolve1d

from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.search.noise_map import NoiseMap
from deepfocus.sky.components import Component, EmissionLine

HANNING = np.array([0.25, 0.5, 0.25])
CORRELATION = np.array([1.0, 2 / 3, 1 / 6])
"""Of channels after it, at lags from 0."""
OBSERVATION = Observation(channels=64, size=128, total_time=600 * u.s, integration=60 * u.s)


def noise_with(correlation: np.ndarray) -> NoiseMap:
    return NoiseMap(np.ones(64), np.ones((8, 8)), correlation)


@pytest.mark.parametrize("sigma", [0.8, 1.5, 3.0, 8.0])
def test_the_noise_of_a_line_follows_from_the_correlation_of_channels(sigma: float) -> None:
    line = np.exp(-0.5 * ((np.arange(64) - 31.5) / sigma) ** 2)
    correlations = toeplitz(np.pad(CORRELATION, (0, 61)))
    expected = line @ correlations @ line / (line @ line)
    # sampled at channels, a line of 0.8 is nearly the integral
    assert noise_with(CORRELATION).excess(sigma) == pytest.approx(expected, rel=0.01)


def test_of_a_continuum_it_is_all_of_it_and_of_independent_channels_none() -> None:
    assert noise_with(CORRELATION).excess(np.inf) == pytest.approx(8 / 3)
    assert noise_with(np.ones(1)).excess(2.0) == 1.0
    assert noise_with(np.array([1.0, -0.6])).excess(np.inf) > 0


def line_at(x: float, y: float, channel: float, peak_jy: float) -> Component:
    """A resolved source whose line of 6 channels is a thousand times its continuum."""
    return Component(
        x=x,
        y=y,
        fwhm_x_px=6.0,
        fwhm_y_px=4.0,
        pa=30.0,
        peak_jy_px=peak_jy / 27.0 / 1000.0,
        spectral_index=0.0,
        lines=(EmissionLine(1000.0, channel, 6.0),),
    )


LINES = (
    line_at(40.0, 45.0, 20.0, 0.012),
    line_at(85.0, 60.0, 33.0, 0.02),
    line_at(60.0, 90.0, 45.0, 0.016),
)
"""At a signal-to-noise of 20 to 30."""


def test_smoothing_leaves_the_errors_of_fluxes_as_they_are() -> None:
    """It takes channels together: a line's integral, and its noise, stay what they are."""
    cube = dirty_cube(OBSERVATION, LINES, Thermal(), 5)
    smooth = replace(cube, data=convolve1d(cube.data, HANNING, axis=0))
    sharp, smoothed = (DeepFocus().ready().find(each).catalogue.accepted for each in (cube, smooth))
    assert len(sharp) == len(smoothed) == 3
    for name in ("line_flux_err", "x_err", "channel_err"):
        one, other = (np.sort(each[name]) for each in (sharp, smoothed))
        # lines are a tenth wider after it; without its correlation errors would be 0.65 of these
        assert other == pytest.approx(one, rel=0.15)
