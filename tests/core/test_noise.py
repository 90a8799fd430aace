"""The noise of a cube: its level, and its power spectrum as declared in a file."""

import numpy as np
import pytest

from deepfocus.core.noise import DirtyBeam, Measured, Noise, SquaredWeights, White, noise_of_level
from deepfocus.io.noise_keys import noise_of_file


def test_the_level_of_a_cube_is_the_rms_over_its_channels() -> None:
    assert Noise(White(), np.array([3.0, 4.0])).level_jy_beam == pytest.approx(np.sqrt(12.5))
    assert noise_of_level(White(), 0.1).level_jy_beam == 0.1
    assert noise_of_level(DirtyBeam(), None).level_jy_beam is None


def test_the_beam_of_squared_weights_is_made_once_and_when_asked_for() -> None:
    calls: list[int] = []

    def make() -> np.ndarray:
        calls.append(1)
        return np.ones((3, 3))

    power = SquaredWeights(make)
    assert not calls
    assert power.beam is power.beam
    assert len(calls) == 1
    assert SquaredWeights().beam is None


@pytest.mark.parametrize(
    ("kind", "meta", "power"),
    [
        ("white", {}, White),
        ("thermal", {"settings": {"observation": {"size": 64}}}, DirtyBeam),
        ("thermal", {"settings": {"observation": {"robust": 0.5}}}, SquaredWeights),
        ("thermal", {"settings": {"observation": {"taper": "1 arcsec"}}}, SquaredWeights),
        ("thermal", {"weighting": "natural"}, DirtyBeam),  # from an imaged measurement set
        ("thermal", {"weighting": "briggs"}, SquaredWeights),
    ],
)
def test_a_file_says_what_power_the_noise_has(kind: str, meta: dict, power: type) -> None:
    noise = noise_of_file(kind, 1e-3, meta)
    assert noise is not None
    assert isinstance(noise.power, power)
    assert noise.level_jy_beam == 1e-3


def test_a_file_that_says_nothing_has_unknown_noise() -> None:
    assert noise_of_file(None, 1e-3, {}) is None
    assert noise_of_file("pink", 1e-3, {}) is None
    assert Measured(np.ones((1, 1))).name is None
