"""A set in one store: rows as simulated, resumption after a kill, extension, checks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_to
from deepfocus.core.source import Ellipse
from deepfocus.io.set_store import Record, create_store, open_store
from deepfocus.io.stored_cube import Exact, Left, Packed, Packing, stored_cube, stored_truth
from deepfocus.jobs.workers import Processes
from deepfocus.ops.boxes import source_box
from deepfocus.ops.integrate import integrate
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import load_set
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.simulation.stored_set import Recipe, StoredSet
from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.train.store_arrays import derived_arrays

PACKED = Packed()
SET_TOML = """
[observation]
size = 64
channels = 16
[population]
offset_px = [-20.0, 20.0]
line_channel = [4.0, 12.0]
line_fwhm_chan = [2.0, 4.0]
companions = [1, 3]
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> SetSettings:
    path = tmp_path_factory.mktemp("settings") / "set.toml"
    path.write_text(SET_TOML)
    return load_set(path)


def stored(settings: SetSettings, path: Path, packing: Packing = PACKED) -> StoredSet:
    return StoredSet(Recipe(settings, packing, derived_arrays), path)


def test_rows_are_the_simulated_cubes(settings: SetSettings, tmp_path: Path) -> None:
    made = {seed: simulate(settings, seed) for seed in (5, 6)}
    exact = stored(settings, tmp_path / "exact.zarr", Exact()).write([5, 6])
    packed = stored(settings, tmp_path / "packed.zarr").write([5, 6])
    for seed, one in made.items():
        cube = stored_cube(exact, seed)
        np.testing.assert_array_equal(cube.data, one.cube.data)
        np.testing.assert_array_equal(cube.psf, one.cube.psf)
        np.testing.assert_array_equal(cube.primary_beam, one.cube.primary_beam)
        np.testing.assert_array_equal(cube.grid.freq_hz, one.cube.grid.freq_hz)
        # SIN about the same centre: positions agree to the last digits of the arithmetic
        assert cube.grid.sky_at(3.0, 50.0).separation(one.cube.grid.sky_at(3.0, 50.0)).deg < 1e-12
        assert cube.beam == one.cube.beam
        assert cube.noise.level_jy_beam == one.cube.noise.level_jy_beam
        assert cube.noise.power.name == one.cube.noise.power.name
        assert cube.meta["settings"] == settings_to(settings)
        assert stored_truth(exact, seed).meta["beam_px"] == one.cube.beam_px
        for name in ("x", "ra", "line_flux", "pa", "id"):
            np.testing.assert_array_equal(stored_truth(exact, seed)[name], one.truth[name])
        # half a step of sigma / 16, and the rounding of float32 products
        error = np.abs(stored_cube(packed, seed).data - one.cube.data).max()
        assert error <= one.cube.noise.level_jy_beam / 32 * (1 + 1e-3)


def test_derived_arrays_are_of_the_cube_and_its_sources(
    settings: SetSettings, tmp_path: Path
) -> None:
    made = simulate(settings, 5)
    store = stored(settings, tmp_path / "s.zarr", Left()).write([5])
    assert "cube" not in store.group
    row, count = store.row_of(5), len(made.truth)
    assert store.array("sources")[row] == count
    np.testing.assert_array_equal(store.array("integrated")[row], integrate(made.cube.data))
    blobs, spectra = store.array("blobs")[row], store.array("clean")[row, :count]
    for i in range(count):
        x, y, channel = (made.truth[name][i] for name in ("x", "y", "channel"))
        # a source's own image is 1 at its centre, which may lie between pixels
        assert blobs[round(y), round(x)] > 255 * 0.8
        assert abs(int(spectra[i].argmax()) - channel) <= 0.5 or len(made.truth) > 1
        assert spectra[i, round(channel)] > 0.8
        box = source_box(
            Ellipse(
                x, y, made.truth["fwhm_x_px"][i], made.truth["fwhm_y_px"][i], made.truth["pa"][i]
            )
        )
        assert box.contains(x, y)
    focused = store.array("focused")[row, :count]
    # Peak(): the brightest pixel of the central core is 1
    np.testing.assert_allclose(focused[:, 24:40, 24:40].max(axis=(1, 2)), 1.0, atol=1e-3)
    assert np.isnan(store.array("truth")[row, count:]).all()


def test_any_number_of_workers_gives_the_same_content(
    settings: SetSettings, tmp_path: Path
) -> None:
    one = stored(settings, tmp_path / "one.zarr").write([1, 2, 3])
    two = stored(settings, tmp_path / "two.zarr").write([3, 1, 2], workers=Processes(2))
    assert one.finished() == two.finished()
    assert one.content_hash() == two.content_hash()


def test_a_set_is_extended_and_checked(settings: SetSettings, tmp_path: Path) -> None:
    target = stored(settings, tmp_path / "s.zarr")
    target.write([1])
    before = target.path.joinpath("cube/c/0/0/0/0").stat().st_mtime_ns
    said: list[tuple[int, int, str]] = []
    store = target.write([1, 2], report=lambda *step: said.append(step))
    assert said == [(2, 2, "2")]
    assert store.seeds == [1, 2]
    assert target.path.joinpath("cube/c/0/0/0/0").stat().st_mtime_ns == before
    assert target.check([1, 2]) == []
    with pytest.raises(DeepFocusError, match="no finished cube of seed 3"):
        target.check([3])
    image = open_store(target.path, "r+").array("integrated")
    image[1, 0, 0] = np.nextafter(image[1, 0, 0], np.float32(np.inf))
    assert target.check([1, 2]) == [2]


def test_room_is_made_for_crowded_cubes(settings: SetSettings, tmp_path: Path) -> None:
    crowded = replace(settings, population=replace(settings.population, companions=(0, 14)))
    seeds = list(range(12))
    counts = {seed: len(simulate(crowded, seed).truth) for seed in seeds}
    assert max(counts.values()) > 8 >= min(counts.values())
    store = stored(crowded, tmp_path / "s.zarr", Left()).write(seeds)
    assert {seed: int(store.array("sources")[store.row_of(seed)]) for seed in seeds} == counts
    assert store.source_rows == 16
    assert stored(crowded, store.path, Left()).check([max(counts, key=counts.__getitem__)]) == []


def test_source_free_cubes_have_rows_too(settings: SetSettings, tmp_path: Path) -> None:
    empty = replace(settings, population=SourcesAnywhere(sources=(0, 0)))
    store = stored(empty, tmp_path / "s.zarr").write([1, 2])
    assert len(stored_truth(store, 1)) == 0
    assert not store.array("blobs")[0].any()


def test_other_settings_packing_and_folders_are_refused(
    settings: SetSettings, tmp_path: Path
) -> None:
    target = stored(settings, tmp_path / "s.zarr")
    target.write([1])
    with pytest.raises(DeepFocusError, match="other settings"):
        stored(replace(settings, noise=Noise("white")), target.path).write([1])
    with pytest.raises(DeepFocusError, match="other settings: cubes"):
        stored(settings, target.path, Exact()).write([1])
    (tmp_path / "full.zarr").mkdir()
    (tmp_path / "full.zarr" / "notes.txt").write_text("mine")
    with pytest.raises(DeepFocusError, match="is not a store"):
        stored(settings, tmp_path / "full.zarr").write([1])
    with pytest.raises(DeepFocusError, match="not a set that deepfocus wrote"):
        open_store(tmp_path)


def test_a_row_without_a_seed_is_passed_over(tmp_path: Path) -> None:
    """The process was killed after the arrays grew and before the seeds were written."""
    record = Record({"image": np.ones((2, 3), np.float32)}, {"truth": np.ones((2, 4))})
    store = create_store(tmp_path / "s.zarr", record, common={}, attributes={}).extend([7])
    store.write(7, record)
    for name in ("image", "truth", "sources", "sha256", "seed"):
        array = store.array(name)
        array.resize((3, *array.shape[1:]))
    again = open_store(store.path, "r+")
    assert again.seeds == [7]
    again = again.extend([7, 8])
    again.write(8, record)
    assert open_store(store.path).finished() == {7: record.digest(), 8: record.digest()}
    assert again.read(8).digest() == record.digest()


def test_digests_tell_names_types_and_shapes_apart() -> None:
    plain = Record({"a": np.zeros((2, 3), np.float32)}, {})
    others = [
        Record({"b": np.zeros((2, 3), np.float32)}, {}),
        Record({"a": np.zeros((3, 2), np.float32)}, {}),
        Record({"a": np.zeros((2, 3), np.int32)}, {}),
        Record({"a": np.full((2, 3), -0.0, np.float32)}, {}),
    ]
    assert len({plain.digest(), *(other.digest() for other in others)}) == 5


def test_a_run_killed_with_its_workers_goes_on_to_the_same_content(tmp_path: Path) -> None:
    settings = tmp_path / "set.toml"
    settings.write_text(SET_TOML)
    arguments = ["simulate", str(settings), "--number", "12", "--out"]
    out = tmp_path / "killed.zarr"
    command = [sys.executable, "-m", "deepfocus", *arguments, str(out), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    for line in process.stderr:
        if '"done": 3' in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.stderr.close()
    process.wait()
    partly = open_store(out)
    assert 3 <= len(partly.finished()) < 12
    assert main([*arguments, str(out)]) == 0
    whole = tmp_path / "whole.zarr"
    assert main([*arguments, str(whole)]) == 0
    assert open_store(out).finished() == open_store(whole).finished()
    assert open_store(out).content_hash() == open_store(whole).content_hash()
    assert main([*arguments, str(out), "--check", "4"]) == 0


def test_workers_end_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    settings = tmp_path / "set.toml"
    settings.write_text(SET_TOML)
    command = [sys.executable, "-m", "deepfocus", "simulate", str(settings), "--number", "3000"]
    command += ["--workers", "2", "--out", str(tmp_path / "s.zarr"), "--cubes", "none"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    assert '"done": 1' in process.stderr.readline()
    assert len(_members(process.pid)) >= 3
    os.kill(process.pid, signal.SIGKILL)  # the parent alone
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + 20
    while _members(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _members(process.pid)


def _members(group: int) -> list[int]:
    """Living processes of a process group."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            members.append(int(stat.parent.name))
    return members
