"""Every kind of scenes gives cubes with their truth, by the same names each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.evaluation.scenes import load_scenes
from deepfocus.io.stored_cube import PACKINGS
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.sets import load_set
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.stored_set import Recipe, StoredSet

SET = """
[observation]
size = 96
channels = 32
channel_width = "40 MHz"
total_time = "100 s"
[population]
companions = [1, 1]
offset_px = [-20.0, 20.0]
[noise]
kind = "white"
target_snr = [60.0, 60.0]
[split]
train = [0, 10]
validation = [100, 3]
test = [200, 2]
"""
INJECTION = """
[injection]
number = 2
ideal_snr = [8.0, 8.0]
with_continuum = 0.0
"""


def written(folder: Path, text: str, name: str = "set.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def set_of(folder: Path) -> SetSettings:
    return load_set(written(folder, SET))


def test_a_simulated_set_gives_the_seeds_of_its_split(tmp_path: Path) -> None:
    scenes = load_scenes(written(tmp_path, SET), split="validation", number=2)
    assert (scenes.name, scenes.keys) == ("set, validation", ("100", "101"))
    cube, truth = scenes.make("100")
    assert cube.meta["seed"] == 100
    assert len(truth) == 2
    with pytest.raises(DeepFocusError, match="4 cubes of validation"):
        load_scenes(written(tmp_path, SET), split="validation", number=4)


def test_splits_of_a_set_are_the_same_campaign(tmp_path: Path) -> None:
    path = written(tmp_path, SET)
    first, second = (load_scenes(path, split=s, number=1) for s in ("train", "test"))
    assert first.made_with == second.made_with
    assert set(first.keys).isdisjoint(second.keys)


def test_sources_are_injected_beside_those_of_a_set(tmp_path: Path) -> None:
    plain = load_scenes(written(tmp_path, SET), split="validation", number=1)
    path = written(tmp_path, SET + INJECTION, "injected.toml")
    scenes = load_scenes(path, split="validation", number=1)
    assert scenes.made_with["injection"]["ideal_snr"] == [8.0, 8.0]
    cube, truth = scenes.make("100")
    before, own = plain.make("100")
    assert len(truth) == len(own) + 2
    assert truth["id"].tolist() == [1, 2, 3, 4]
    assert truth.meta["beam_px"] == pytest.approx(cube.beam_px)
    np.testing.assert_array_equal(truth["x"][:2], own["x"])
    # at its ideal signal-to-noise of 8 in white noise a template's squared sum is 64 sigma^2
    assert cube.noise is not None
    assert cube.noise.level_jy_beam is not None
    added = (cube.data - before.data) / cube.noise.level_jy_beam
    assert 0.9 < np.sqrt((added**2).sum() / 2) / 8.0 < 1.5  # two sources, which may overlap


def test_sources_are_injected_into_a_cube_of_ones_own(tmp_path: Path) -> None:
    FitsSet(set_of(tmp_path), tmp_path).write([100])
    path = written(
        tmp_path,
        'cube = "100.fits"\nrest_frequency = "230 GHz"\n'
        "[injection]\nnumber = 3\nsnr = [20.0, 20.0]\n[split]\ntest = [5, 2]\n",
        "own.toml",
    )
    scenes = load_scenes(path, split="test", number=None)
    assert scenes.keys == ("5", "6")
    first, truth = scenes.make("5")
    again, _ = scenes.make("5")
    other, _ = scenes.make("6")
    assert len(truth) == 3  # what the cube held before is not in the truth
    np.testing.assert_array_equal(first.data, again.data)
    assert not np.array_equal(first.data, other.data)
    missing = written(tmp_path, 'cube = "nosuch.fits"\n', "missing.toml")
    with pytest.raises(DeepFocusError, match=r"nosuch\.fits does not exist"):
        load_scenes(missing, split="test", number=None)


def test_a_folder_and_a_store_give_what_simulate_gave(tmp_path: Path) -> None:
    settings = set_of(tmp_path)
    FitsSet(settings, tmp_path / "fits").write([100, 101])
    StoredSet(
        Recipe(settings, PACKINGS["exact"], lambda made: ({}, {})), tmp_path / "s.zarr"
    ).write([1, 100, 101])
    simulated = load_scenes(tmp_path / "set.toml", split="validation", number=2)
    for path in (tmp_path / "fits", tmp_path / "s.zarr"):
        scenes = load_scenes(path, split="validation", number=2)
        assert scenes.keys == ("100", "101")
        for (cube, truth), (same, true) in zip(
            map(scenes.make, scenes.keys), map(simulated.make, simulated.keys), strict=True
        ):
            np.testing.assert_array_equal(cube.data, same.data)
            np.testing.assert_allclose(truth["line_flux"], true["line_flux"], rtol=1e-12)
            assert truth.meta["beam_px"] == true.meta["beam_px"]
        with pytest.raises(DeepFocusError, match="wanted at most 2"):
            load_scenes(path, split="validation", number=3)


def test_a_folder_without_truth_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="contains no truth"):
        load_scenes(tmp_path, split="validation", number=None)


def test_a_wrong_key_of_the_injection_names_its_table(tmp_path: Path) -> None:
    path = written(tmp_path, SET + "[injection]\nnumbre = 3\n")
    with pytest.raises(DeepFocusError, match=r"\[injection\] of .*unknown setting 'numbre'"):
        load_scenes(path, split="test", number=1)
