"""Noise in physical units: CASA's own numbers, and how they scale."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.sensitivity import (
    DISHES,
    opacity,
    system_temperature_k,
    thermal_rms_jy_beam,
    visibility_noise_jy,
)
from deepfocus.instrument.telescope import telescope_of

TABLE_2 = Observation(channels=3)
MIDDLE = np.array([230e9])


def image_rms(observation: Observation, pwv_mm: float) -> np.ndarray:
    return thermal_rms_jy_beam(coverage(observation), telescope_of(observation), pwv_mm)


def test_zenith_system_temperature_is_casas() -> None:
    assert system_temperature_k(MIDDLE, pwv_mm=0.8) == pytest.approx(77.37, rel=1e-3)


def test_a_visibility_has_casas_noise() -> None:
    noise = visibility_noise_jy(
        system_temperature_k(MIDDLE, pwv_mm=0.8, airmass=1.022),
        dish=DISHES[12.0],
        freq_hz=MIDDLE,
        width_hz=10e6,
        integration_s=10.0,
    )
    # 0.246 Jy by the formula at zenith, 0.248 measured in CASA's visibilities
    assert 0.2455 < noise[0] < 0.2485


@pytest.mark.parametrize(("robust", "casa"), [(None, 3.77e-4), (0.5, 4.19e-4)])
def test_image_rms_of_table_2_is_casas(robust: float | None, casa: float) -> None:
    rms = image_rms(replace(TABLE_2, robust=robust), 0.8)
    # the middle channel: within 1% of what was measured in CASA's image
    assert rms[1] == pytest.approx(casa, rel=0.01)


def test_more_time_and_wider_channels_lower_the_rms_by_their_root() -> None:
    short, long = (image_rms(replace(TABLE_2, total_time=t * u.s), 0.8)[1] for t in (600, 2400))
    # the longer track reaches a little lower
    assert short / long == pytest.approx(2.0, rel=0.01)
    wide = image_rms(replace(TABLE_2, channel_width=40 * u.MHz), 0.8)[0]
    assert image_rms(TABLE_2, 0.8)[0] / wide == pytest.approx(2.0, rel=1e-3)


def test_the_sampling_of_the_track_does_not_matter() -> None:
    coarse = image_rms(replace(TABLE_2, integration=30 * u.s), 0.8)
    np.testing.assert_allclose(coarse, image_rms(TABLE_2, 0.8), rtol=1e-3)


def test_natural_weighting_has_the_lowest_rms() -> None:
    others = ({"robust": 0.5}, {"weighting": "uniform"}, {"taper": 1 * u.arcsec})
    natural = image_rms(TABLE_2, 0.8)
    for other in others:
        assert np.all(image_rms(replace(TABLE_2, **other), 0.8) > 1.05 * natural)


def test_a_low_source_and_a_wet_sky_are_noisier() -> None:
    high = image_rms(TABLE_2, 0.8)[1]
    low = image_rms(replace(TABLE_2, dec=35 * u.deg), 0.8)[1]
    # airmass 1.02 and 1.89: Tsys grows by e^(0.04) and by the air's own 0.04 * 262 K
    assert 1.10 < low / high < 1.25
    assert image_rms(TABLE_2, 5.0)[1] > 1.2 * high


def test_wet_opacity_is_linear_in_water() -> None:
    dry, one, two = (opacity(MIDDLE, pwv_mm=pwv) for pwv in (0.0, 1.0, 2.0))
    assert two - dry == pytest.approx(2 * (one - dry))
    assert 0 < dry < one


def test_a_seven_metre_dish_is_less_sensitive_than_its_area_says() -> None:
    seven, twelve = (
        visibility_noise_jy(
            np.array([80.0]), dish=DISHES[d], freq_hz=MIDDLE, width_hz=1e7, integration_s=10.0
        )[0]
        for d in (7.0, 12.0)
    )
    # its surface and correlator are better by 2% and 4%, its blockage is worse by 1%
    assert seven / twelve == pytest.approx((12 / 7) ** 2, rel=0.07)


def test_receivers_differ_and_an_unknown_frequency_is_refused() -> None:
    tsys = system_temperature_k(np.array([100e9, 230e9, 345e9, 670e9]), pwv_mm=0.5)
    assert np.all(np.diff(tsys) > 0)
    with pytest.raises(DeepFocusError, match="no atmosphere"):
        opacity(np.array([1.4e9]), pwv_mm=1.0)
