"""The noise level of a set: a target SNR or physical units; and that old sets stay as they were."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.cube import integrated_image, simulate
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.population import PaperPopulation

SMALL = SetSettings(
    observation=Observation(size=128, channels=32),
    population=PaperPopulation(offset_px=(-30.0, 30.0)),
    noise=Noise(kind="white", target_snr=(10.0, 100.0)),
)


def test_the_cube_of_a_seed_is_what_it_was_in_the_first_release() -> None:
    made = simulate(SMALL, 7).cube
    assert made.noise.level_jy_beam == pytest.approx(0.0007833307540724316, rel=1e-6)
    voxels = made.data[16, 64, 64], made.data[3, 40, 90], made.data[31, 5, 120]
    expected = [0.02871912159025669, 0.0024264794774353504, -0.00015473936218768358]
    # other FFT libraries round differently: 1e-6 of the brightest of them
    np.testing.assert_allclose(voxels, expected, atol=3e-8)


@pytest.mark.parametrize("kind", ["white", "thermal"])
def test_physical_noise_has_the_rms_of_the_array(kind: str) -> None:
    physical = replace(SMALL, noise=Noise(kind=kind, pwv=0.8 * u.mm))
    made = simulate(physical, 7)
    rms = thermal_rms_jy_beam(
        coverage(physical.observation), telescope_of(physical.observation), 0.8
    )
    assert made.cube.noise.level_jy_beam == pytest.approx(np.sqrt(np.mean(rms**2)))
    # 32 planes of some 250 beams: 0.8% and up to three of it
    assert (made.cube.data - made.noise_free).std() == pytest.approx(rms.mean(), rel=0.025)


def test_the_integrated_image_has_the_physical_noise_of_all_channels() -> None:
    physical = replace(SMALL, noise=Noise(kind="white", pwv=0.8 * u.mm))
    image, _ = integrated_image(physical, 7)
    summed = simulate(physical, 7).noise_free.sum(axis=0)
    expected = np.linalg.norm(
        thermal_rms_jy_beam(coverage(physical.observation), telescope_of(physical.observation), 0.8)
    )
    assert (image - summed).std() == pytest.approx(expected, rel=0.03)


def test_target_snr_and_pwv_exclude_each_other() -> None:
    with pytest.raises(DeepFocusError, match="both target_snr and pwv"):
        Noise(target_snr=(10.0, 100.0), pwv=0.8 * u.mm)
    assert Noise().target_snr == (10.0, 100.0)
    assert Noise(pwv=0.8 * u.mm).target_snr is None


@pytest.mark.parametrize("pwv", [0.8 * u.s, -1 * u.mm])
def test_impossible_water_is_refused(pwv: u.Quantity) -> None:
    with pytest.raises(DeepFocusError, match="pwv"):
        Noise(pwv=pwv)


def test_physical_noise_survives_its_text() -> None:
    read = settings_from({"kind": "thermal", "pwv": "0.8 mm"}, Noise)
    assert settings_to(read) == {"kind": "thermal", "pwv": "0.8 mm"}
    assert settings_from(settings_to(read), Noise) == read
