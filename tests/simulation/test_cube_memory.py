"""What a cube takes: one array and a block, and an error where even that does not fit."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u

from deepfocus.core import memory
from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.noise import White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation import cube as simulation
from deepfocus.simulation import scene
from deepfocus.simulation.settings import Noise, SetSettings

SMALL = SetSettings(observation=Observation(size=96, channels=256), noise=Noise(kind="white"))


def test_noise_is_added_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = simulation.simulate(SMALL, 3)
    white = White().draw(whole.scene.telescope, np.random.default_rng([3, 2]))
    level = np.float32(whole.scene.noise.level_jy_beam)
    # blocks may be summed in another order: a rounding of float32
    atol = 1e-6 * whole.cube.data.max()
    np.testing.assert_allclose(whole.cube.data, white * level + whole.noise_free, atol=atol)
    # 7 rows at a time: 96 is not a multiple of it
    monkeypatch.setattr(scene, "BLOCK_BYTES", 7 * 4 * 256 * 96)
    np.testing.assert_allclose(simulation.simulate(SMALL, 3).cube.data, whole.cube.data, atol=atol)


@pytest.mark.parametrize("kind", ["white", "thermal"])
def test_no_second_cube_is_held(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(SMALL, noise=Noise(kind=kind))
    cube = simulation.simulate(settings, 3).cube.data.nbytes  # and the telescope is known
    monkeypatch.setattr(scene, "BLOCK_BYTES", 2**20)
    tracemalloc.start()
    simulation.simulate(settings, 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 9.4 MB, the sky's parts with their transforms (1 MB at most each), and the block
    assert cube < peak < 1.6 * cube


def refuses_above(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: int(limit))


def test_a_cube_that_does_not_fit_is_refused_before_its_beams(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With no size given, long baselines come to images of thousands of pixels."""
    refuses_above(16e9, monkeypatch)
    settings = SetSettings(observation=Observation(configuration="C-9"))
    monkeypatch.setattr(simulation, "telescope_of", lambda _: pytest.fail("beams were made"))
    with pytest.raises(DeepFocusError, match="a cube of 128 x") as e:
        simulation.simulate(settings, 1)
    assert "GB of memory" in str(e.value)
    assert "smaller size" in str(e.value)
    size = coverage(settings.observation).observation.size
    assert size is not None
    assert 4 * 128 * size**2 > 16e9


def test_beams_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    refuses_above(5e8, monkeypatch)  # gridding alone takes 650 MB
    with pytest.raises(DeepFocusError, match="dirty beam of an image of 2048 x 2048 pixels"):
        telescope_of(Observation(size=2048, cell=0.1 * u.arcsec, channels=1))


def test_components_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(SMALL, observation=Observation(size=96, channels=1))
    simulation.observe(few, 1)  # the telescope is known and asks for nothing more
    refuses_above(1e5, monkeypatch)
    with pytest.raises(DeepFocusError, match="parts of the sky, 96 x 96 pixels"):
        simulation.observe(few, 1)
