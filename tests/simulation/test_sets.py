"""The sets that ship, and sets that mix several kinds of cube."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units as u

from deepfocus.cli import main
from deepfocus.cli.inputs import inputs
from deepfocus.cli.reading import Reading
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.set_store import open_store
from deepfocus.io.stored_cube import Exact, stored_cube, stored_truth
from deepfocus.jobs.workers import Processes
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.sets import (
    SHIPPED,
    MixedSet,
    load_one,
    load_set,
    set_from,
    set_to,
    shipped_set,
)
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.stored_set import Recipe, StoredSet, settings_of_store
from deepfocus.simulation.view import Cleaned, Dirty
from deepfocus.train.store_arrays import derived_arrays

SMALL: dict[str, Any] = {
    "observation": {"size": 64, "channels": 16, "total_time": "100 s", "channel_width": "80 MHz"},
    "population": {
        "kind": "corrected", "sources": [1, 2], "ideal_snr": [20.0, 50.0],
        "line_fwhm_chan": [2.0, 5.0], "fwhm_px": [3.0, 9.0], "field_fraction": 0.5,
    },
    "noise": {"pwv": "1 mm"},
    "variants": [
        {"imaging": {"kind": "dirty"}},
        {"imaging": {"kind": "cleaned", "threshold_snr": 2.0}},
        {"observation": {"configuration": "C-1", "cell": "0.3 arcsec"}},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def mixed() -> MixedSet:
    made = set_from(SMALL, source="test")
    assert isinstance(made, MixedSet)
    return made


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_set_has_disjoint_seeds_and_one_shape(name: str) -> None:
    made = shipped_set(name)
    seeds = [set(made.seeds(split)) for split in ("train", "validation", "test")]
    assert not seeds[0] & seeds[1]
    assert not (seeds[0] | seeds[1]) & seeds[2]
    shapes = {(v.observation.channels, v.observation.size) for v in made.variants}
    assert len(shapes) == 1, "one store needs cubes of one shape"
    assert set_to(set_from(set_to(made), source="again")) == set_to(made)


@pytest.mark.parametrize("name", ["faint", "blends", "galaxies", "varied"])
def test_sources_are_seen_at_the_ideal_snrs_that_were_asked(name: str) -> None:
    made = shipped_set(name)
    for seed in made.seeds("validation", len(made.variants)):
        # a smaller image saves time and changes no range
        settings = made.of(seed)
        small = replace(settings, observation=replace(settings.observation, size=128))
        truth = simulate(small, seed).truth
        low, high = settings.population.ideal_snr
        kinds = settings.imaging.kind, settings.noise.kind
        if kinds == ("cleaned", "thermal"):  # an ideal observer sees more (restored_image.py)
            low, high = 0.95 * low, np.inf
        places = {(x, y) for x, y in zip(truth["x"], truth["y"], strict=True)}
        for x, y in places:
            own = (truth["x"] == x) & (truth["y"] == y)
            assert low * 0.999 <= truth["ideal_snr"][own].max() <= high * 1.001


def test_variants_take_turns(mixed: MixedSet) -> None:
    assert [mixed.index_of(seed) for seed in (6, 7, 8, 9)] == [0, 1, 2, 0]
    kinds = [type(mixed.of(seed).imaging) for seed in (6, 7, 8)]
    assert kinds == [Dirty, Cleaned, Dirty]
    assert mixed.of(8).observation.configuration == "C-1"
    assert mixed.of(8).observation.channels == 16  # of the tables above
    assert mixed.of(7).split == mixed.split


def test_another_kind_takes_no_keys_over() -> None:
    other = {
        **SMALL,
        "variants": [{}, {"population": {"kind": "pairs", "ideal_snr": [20.0, 50.0]}}],
    }
    assert set_from(other, source="test").of(1).population.kind == "pairs"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"variants": []}, "two or more that take turns"),
        ({"variants": 3}, "are not tables"),
        ({"variants": [{}, {"split": {"train": [1, 2]}}]}, "one \\[split\\] for all"),
        ({"variants": [{}, {"noise": {"knd": "white"}}]}, "unknown setting 'noise.knd'"),
        ({"variants": [{}, {"observation": {"channels": 1}}]}, "2 channels or more"),
        ({"noise": {"target_snr": [5.0, 9.0]}}, "give pwv"),
    ],
)
def test_bad_sets_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DeepFocusError, match=message) as raised:
        set_from({**SMALL, **change}, source="test")
    assert raised.value.wanted or raised.value.remedy


def test_a_mixed_set_in_one_store(mixed: MixedSet, tmp_path: Path) -> None:
    recipe = Recipe(mixed, Exact(), derived_arrays)
    store = StoredSet(recipe, tmp_path / "one.zarr").write([6, 7, 8, 9])
    again = StoredSet(recipe, tmp_path / "two.zarr")
    again.write([8, 6, 9, 7], workers=Processes(2))
    assert open_store(again.path).content_hash() == store.content_hash()
    assert settings_of_store(store.path) == mixed
    for seed in (6, 7, 8):
        made, cube = simulate(mixed, seed), stored_cube(store, seed)
        np.testing.assert_array_equal(cube.data, made.cube.data)
        np.testing.assert_array_equal(cube.grid.freq_hz, made.cube.grid.freq_hz)
        np.testing.assert_array_equal(cube.primary_beam, made.cube.primary_beam)
        assert cube.grid.cell_arcsec == pytest.approx(made.cube.grid.cell_arcsec)
        assert (cube.psf is None) == (made.cube.psf is None)
        assert cube.beam == made.cube.beam
        assert type(cube.noise.power) is type(made.cube.noise.power)
        assert cube.meta["settings"] == made.cube.meta["settings"]
        found, truth = stored_truth(store, seed), made.truth
        assert found.meta["beam_px"] == pytest.approx(truth.meta["beam_px"])  # its variant's own
        for name in ("x", "ideal_snr", "x_err", "line_flux_err", "pa_err"):
            np.testing.assert_array_equal(found[name], truth[name])
    assert again.check([7, 8]) == []
    searched = inputs([store.path], Reading())
    assert [one.name for one in searched] == ["6", "7", "8", "9"]
    assert searched[1].read().psf is None  # a cleaned one


def test_one_store_needs_one_shape(tmp_path: Path) -> None:
    table = {**SMALL, "variants": [{}, {"observation": {"size": 72}}]}
    settings = set_from(table, source="test")
    with pytest.raises(DeepFocusError, match="cubes of one shape"):
        StoredSet(Recipe(settings, Exact(), derived_arrays), tmp_path / "set.zarr").write([6])
    FitsSet(settings, tmp_path / "set").write([6, 7])
    assert {path.name for path in (tmp_path / "set").glob("?.fits")} == {"6.fits", "7.fits"}


def test_a_killed_folder_resumes(mixed: MixedSet, tmp_path: Path) -> None:
    FitsSet(mixed, tmp_path).write([6, 7])
    before = (tmp_path / "7.pbcor.fits").read_bytes()
    (tmp_path / "7.pbcor.fits").unlink()
    done: list[str] = []
    FitsSet(mixed, tmp_path).write([6, 7], report=lambda d, n, name: done.append(name))
    assert (tmp_path / "7.pbcor.fits").read_bytes() == before
    assert FitsSet(mixed, tmp_path).check([6, 7]) == []


def test_a_network_learns_from_one_kind() -> None:
    with pytest.raises(
        DeepFocusError, match="faint mixes 3 kinds of cube; wanted one kind to lear"
    ):
        load_one(Path("faint"), purpose="to learn from")


def test_the_command_lists_sets_and_previews_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sets"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(SHIPPED)
    path = tmp_path / "small.toml"
    path.write_text(
        '[observation]\nsize = 64\nchannels = 16\ntotal_time = "100 s"\nchannel_width = "80 MHz"\n'
        '[population]\nkind = "corrected"\nsources = [2, 2]\n[noise]\npwv = "1 mm"\n'
        '[[variants]]\n[[variants]]\nimaging = { kind = "cleaned" }\n'
    )
    for seed in ("6", "7"):
        picture = tmp_path / f"{seed}.png"
        asked = ["--first", seed, "--number", "1000", "--preview", str(picture)]
        assert main(["simulate", str(path), *asked]) == 0
        said = capsys.readouterr().out
        assert "ideal SNR" in said
        assert "1000 cubes like it: about" in said
        assert picture.stat().st_size > 10_000
    assert sorted(p.name for p in tmp_path.iterdir()) == ["6.png", "7.png", "small.toml"]


def test_a_preview_of_an_empty_sky(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.toml"
    path.write_text(
        '[observation]\nsize = 64\nchannels = 16\ntotal_time = "100 s"\n'
        '[population]\nkind = "corrected"\nsources = [0, 0]\n[noise]\npwv = "1 mm"\n'
    )
    assert main(["simulate", str(path), "--preview", str(tmp_path / "a.pdf")]) == 0
    assert "A cube like it" in capsys.readouterr().out
    assert main(["simulate", str(path)]) == 2
    assert "no --out" in capsys.readouterr().err


def test_a_set_of_one_kind_is_itself() -> None:
    paper = load_set(Path("paper"))
    assert isinstance(paper, SetSettings)
    assert paper.of(5) is paper
    assert paper.observation.first_frequency == 229.36 * u.GHz
