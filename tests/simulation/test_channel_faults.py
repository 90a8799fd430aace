"""Faults of channels: smoothing, ripples, flags, continuum subtraction, against their formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.observation import Observation
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.faults.bandpass import Ripple
from deepfocus.simulation.faults.continuum import Subtraction
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.flags import FlaggedChannels
from deepfocus.simulation.faults.smoothing import HANNING, Hanning
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.anywhere import SourcesAnywhere

SMALL = SetSettings(
    observation=Observation(channels=48, size=96, total_time=300 * u.s, integration=60 * u.s),
    population=SourcesAnywhere(sources=(2, 2), field_fraction=0.4, line_fwhm_chan=(4.0, 8.0)),
    noise=Noise(kind="white", target_snr=(40.0, 40.0)),
)


def made_with(seed: int = 4, **faults: object) -> Simulated:
    return simulate(replace(SMALL, faults=Faults(**faults)), seed)


@pytest.mark.parametrize("averaged", [1, 2, 4, 8])
def test_smoothed_noise_is_that_of_the_correlators_channels(averaged: int) -> None:
    """Variance and correlations against the sums over smoothed, then averaged channels."""
    taps = np.convolve(HANNING, np.ones(averaged)) / np.sqrt(averaged)
    expected = [np.sum(taps[lag * averaged :] * taps[: len(taps) - lag * averaged])
                if lag * averaged < len(taps) else 0.0 for lag in range(4)]  # fmt: skip
    smoothing = Hanning(averaged)
    assert smoothing.noise_factor**2 == pytest.approx(expected[0])
    white = np.random.default_rng(1).standard_normal((64, 100, 100), dtype=np.float32)
    noise = smoothing.correlated(white)
    for lag in range(4):
        # 640,000 values: a standard error of 0.0013, and a little more from their correlation
        found = np.mean(noise * np.roll(noise, lag, axis=0))
        assert found == pytest.approx(expected[lag] / expected[0], abs=0.008)


def test_hanning_has_the_numbers_that_are_known() -> None:
    assert Hanning().noise_factor == pytest.approx(np.sqrt(3 / 8))
    white = np.random.default_rng(1).standard_normal((40, 100, 100), dtype=np.float32)
    noise = Hanning().correlated(white)
    assert np.mean(noise[1:] * noise[:-1]) == pytest.approx(2 / 3, abs=0.01)
    assert np.mean(noise[2:] * noise[:-2]) == pytest.approx(1 / 6, abs=0.01)


@pytest.mark.parametrize(("averaged", "variance"), [(1, 0.5), (2, 9 / 48), (4, 21 / 192)])
def test_lines_are_wider_and_keep_their_flux(averaged: int, variance: float) -> None:
    scene = made_with().scene
    channels = np.arange(48.0)
    line = np.exp(-0.5 * ((channels - 24.3) / 2.5) ** 2)
    seen = Hanning(averaged).of(replace(scene, spectra=np.stack([line, 1 + 0.1 * channels])))
    smoothed, straight = seen.spectra
    assert smoothed.sum() == pytest.approx(line.sum())
    centre = smoothed @ channels / smoothed.sum()
    assert centre == pytest.approx(24.3, abs=1e-6)
    assert smoothed @ (channels - centre) ** 2 / smoothed.sum() == pytest.approx(
        2.5**2 + variance, rel=1e-4
    )
    np.testing.assert_allclose(straight, 1 + 0.1 * channels)


def test_a_smoothed_cube_states_its_noise_and_the_truth_stays() -> None:
    plain, smoothed = made_with(), made_with(smoothing=Hanning())
    level = smoothed.cube.noise.level_jy_beam
    assert level == pytest.approx(plain.cube.noise.level_jy_beam * np.sqrt(3 / 8))
    left = smoothed.cube.data - Hanning().of(plain.scene).noise_free()
    # 440,000 voxels
    assert left.std() == pytest.approx(level, rel=0.01)
    assert np.array_equal(smoothed.truth["line_fwhm_chan"], plain.truth["line_fwhm_chan"])
    assert np.array_equal(smoothed.truth["snr_peak"], plain.truth["snr_peak"])


def test_the_ripple_of_an_array_is_the_mean_of_its_antennas() -> None:
    ripple, rng = Ripple(amplitude=0.1, period_chan=16.0), np.random.default_rng(2)
    drawn = np.array([ripple.drawn(128, 40, rng) for _ in range(400)])
    # a sqrt(2 / N); 400 waves of random amplitude: 4%
    assert (drawn - 1).std() == pytest.approx(0.1 * np.sqrt(2 / 40), rel=0.1)
    power = np.abs(np.fft.rfft(drawn - drawn.mean(axis=1, keepdims=True), axis=1)) ** 2
    # 128 channels hold 8 periods; the squares of gains have half the period, and little power
    assert power.mean(axis=0).argmax() == 8
    assert power[:, 8].sum() > 0.99 * power.sum()
    two = Ripple(amplitude=0.1, period_chan=16.0).drawn(64, 2, np.random.default_rng(0))
    turns = np.arange(64) / 16.0 + np.random.default_rng(0).uniform(size=(2, 1))
    np.testing.assert_allclose(two, np.prod(1 + 0.1 * np.cos(2 * np.pi * turns), axis=0))


def test_a_ripple_multiplies_signal_and_noise() -> None:
    plain, rippled = made_with(), made_with(bandpass=Ripple(amplitude=0.5, period_chan=10.0))
    ratio = rippled.cube.data / plain.cube.data
    spread = np.ptp(ratio, axis=(1, 2)) / ratio.mean(axis=(1, 2))
    assert np.median(spread) < 1e-3
    np.testing.assert_allclose(
        np.median(ratio, axis=(1, 2)),
        rippled.cube.noise.sigma_jy_beam / plain.cube.noise.level_jy_beam,
        rtol=1e-5,
    )


def test_flagged_channels_are_blank() -> None:
    plain, flagged = made_with(), made_with(flagged_channels=FlaggedChannels(5))
    blank = np.isnan(flagged.cube.data).all(axis=(1, 2))
    assert blank.sum() == 5
    np.testing.assert_array_equal(flagged.cube.data[~blank], plain.cube.data[~blank])
    other = made_with(5, flagged_channels=FlaggedChannels(5))
    assert not np.array_equal(blank, np.isnan(other.cube.data).all(axis=(1, 2)))


def test_partly_flagged_channels_are_noisier() -> None:
    plain, flagged = made_with(), made_with(flagged_channels=FlaggedChannels(5, share=0.75))
    ratio = (flagged.cube.data - plain.noise_free).std(axis=(1, 2)) / plain.cube.noise.level_jy_beam
    ratio = np.sort(ratio)
    # 9,216 pixels a channel: 0.7%; a quarter of the data has twice the noise
    np.testing.assert_allclose(ratio[:-5], 1, rtol=0.04)
    np.testing.assert_allclose(ratio[-5:], 2, rtol=0.04)
    stated = np.sort(flagged.cube.noise.sigma_jy_beam) / plain.cube.noise.level_jy_beam
    np.testing.assert_allclose(stated, np.where(np.arange(48) < 43, 1, 2))


def test_a_continuum_of_the_order_goes_and_the_line_stays() -> None:
    channels = np.arange(48.0)
    line = np.where(np.abs(channels - 24) < 5, 1.0, 0.0)
    spectrum = 3 + 0.2 * channels - 0.01 * channels**2 + line
    cube = np.broadcast_to(spectrum[:, None, None], (48, 3, 5)).astype(np.float32)
    fit = Subtraction(order=2, fit=((0, 15), (33, 47)))
    left = fit.subtracted(cube.copy(), flagged=np.zeros(48, bool))
    np.testing.assert_allclose(left[:, 1, 2], line, atol=1e-5)
    low = Subtraction(order=1, fit=((0, 15), (33, 47)))
    assert np.abs(low.subtracted(cube.copy(), flagged=np.zeros(48, bool)) - left).max() > 0.1


def test_a_line_that_is_fitted_leaves_a_hole() -> None:
    """Of order 0, the mean of the fitted channels is missing everywhere."""
    line = np.exp(-0.5 * ((np.arange(48.0) - 24) / 3) ** 2)
    cube = np.broadcast_to(line[:, None, None], (48, 2, 2)).astype(np.float32)
    left = Subtraction(order=0).subtracted(cube.copy(), flagged=np.zeros(48, bool))
    np.testing.assert_allclose(left[0], line[0] - line.mean(), atol=1e-6)
    flagged = np.arange(48) == 24
    left = Subtraction(order=0).subtracted(cube.copy(), flagged=flagged)
    np.testing.assert_allclose(left[0], line[0] - line[~flagged].mean(), atol=1e-6)


def test_noise_after_the_fit_is_that_of_least_squares() -> None:
    fit = Subtraction(order=1, fit=((0, 5), (18, 23)))
    fitted = fit.fitted(24)
    polynomials, _ = fit.operator(fitted)
    leverage = np.sum((polynomials @ np.linalg.inv(polynomials[fitted].T @ polynomials[fitted]))
                      * polynomials, axis=1)  # fmt: skip
    white = np.random.default_rng(0).standard_normal((24, 200, 200)).astype(np.float32)
    left = fit.subtracted(white, flagged=np.zeros(24, bool))
    # 40,000 spectra: 0.7% of a variance
    np.testing.assert_allclose(
        left.var(axis=(1, 2)), np.where(fitted, 1 - leverage, 1 + leverage), rtol=0.03
    )


def test_a_cube_without_its_continuum() -> None:
    made = made_with(continuum=Subtraction(order=0, fit=((0, 3), (44, 47))))
    edges = np.r_[0:4, 44:48]
    level = np.abs(made.cube.data[edges].mean(axis=0)).max()
    assert level < 1e-5 * made.cube.data.max()


@pytest.mark.parametrize(
    ("wrong", "wanted"),
    [
        (lambda: Hanning(0), "1 or more"),
        (lambda: Ripple(amplitude=1.5), "amplitude from 0"),
        (lambda: FlaggedChannels(share=1.5), "share from 0 to 1"),
        (lambda: Subtraction(fit=((5, 3),)), "a first and a last"),
        (lambda: made_with(continuum=Subtraction(order=3, fit=((0, 2),))), "4 or more"),
    ],
)
def test_impossible_faults_are_refused(wrong: object, wanted: str) -> None:
    with pytest.raises(DeepFocusError, match=wanted):
        wrong()
