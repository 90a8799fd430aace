"""`detect --memory`: a cube that needs more is searched by parts, with the same result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepfocus.cli import main, room
from deepfocus.cli.memory_size import bytes_of
from deepfocus.cli.place_of_work import PlaceOfWork
from deepfocus.cli.room import Room, scratch_bytes, whole_bytes
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.workspace import IN_MEMORY, OnDisk
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.cube import Simulated

LARGE = (512, 2048, 2048)


@pytest.mark.parametrize(
    ("said", "found"),
    [("3 GB", 3e9), ("500M", 5e8), ("2.5gib", 2.5 * 2**30), ("1e", None), ("0 GB", None),
     ("1000", 1000.0), ("-1 GB", None), ("3 GHz", None), ("", None), (".5TB", 5e11)],
)  # fmt: skip
def test_sizes(said: str, found: float | None) -> None:
    if found is None:
        with pytest.raises(DeepFocusError, match="a number and a unit"):
            bytes_of(said)
    else:
        assert bytes_of(said) == found


def test_what_fits_is_searched_as_a_whole(tmp_path: Path) -> None:
    assert Room(whole_bytes(LARGE), tmp_path).workspace(LARGE) is IN_MEMORY
    by_parts = Room(3e9, tmp_path).workspace((64, 512, 4096))
    assert isinstance(by_parts, OnDisk) is (whole_bytes((64, 512, 4096)) > 3e9)


def test_more_memory_makes_larger_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_free_bytes", lambda _: 10**14)
    held = [Room(size, tmp_path).workspace(LARGE).values_at_once for size in (1e9, 3e9, 8e9)]
    assert held == sorted(held)
    assert len(set(held)) == 3
    # of what a process may take, parts are the smaller share
    assert all(4 * each < size for each, size in zip(held, (1e9, 3e9, 8e9), strict=True))


def test_too_little_memory_or_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeepFocusError, match="--memory"):
        Room(1e8, tmp_path).workspace(LARGE)
    monkeypatch.setattr(room, "_free_bytes", lambda _: int(scratch_bytes(LARGE) / 2))
    with pytest.raises(DeepFocusError, match="--scratch"):
        Room(3e9, tmp_path).workspace(LARGE)
    # a file of which most is a hole takes as little
    assert isinstance(Room(3e9, tmp_path).workspace(LARGE, share=0.4), OnDisk)
    monkeypatch.undo()
    with pytest.raises(DeepFocusError, match="--scratch"):
        Room(3e9, tmp_path / "none").workspace(LARGE)


def test_large_images_ask_for_more_than_the_least(tmp_path: Path) -> None:
    """There is no part of a cube that is smaller than an image: 20 million pixels took 2.1 GB."""
    with pytest.raises(DeepFocusError, match=r"2.\d+ GB at least, for images of 4500 x 4500"):
        Room(1e9, tmp_path).workspace((40, 4500, 4500))
    assert isinstance(Room(2.5e9, tmp_path).workspace((40, 4500, 4500)), OnDisk)


def test_processes_share_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_free_bytes", lambda _: int(1.5 * scratch_bytes(LARGE)))
    assert isinstance(Room(3e9, tmp_path).workspace(LARGE), OnDisk)
    with pytest.raises(DeepFocusError, match="for each of 2 processes"):
        Room(3e9, tmp_path, sharing=2).workspace(LARGE)


def test_a_dry_run_refuses_what_the_run_would(
    small: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cube = tmp_path / "a.fits"
    write_cube(small.cube, cube)
    command = ["detect", str(cube), "--out", str(tmp_path / "out"), "--dry-run"]
    assert main([*command, "--memory", "1 MB"]) == 2
    assert "a: 0.001 GB of memory for a process" in capsys.readouterr().err
    assert main([*command, "--finder", "nope"]) == 2
    assert "nope" in capsys.readouterr().err


def test_a_worker_of_slurm_has_its_share_of_the_jobs_memory(tmp_path: Path) -> None:
    profile = tmp_path / "slurm.toml"
    profile.write_text('[slurm]\nmemory = "8 GB"\ncores = 4\n')
    share = PlaceOfWork(None, str(profile)).memory_of_a_worker()
    assert share == pytest.approx(1.9e9)
    assert PlaceOfWork(None, "tcp://host:8786").memory_of_a_worker() is None
    assert PlaceOfWork(4, None).memory_of_a_worker() is None


def test_a_cube_by_parts_gives_the_same_catalogue(
    small: Simulated,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cube = tmp_path / "a.fits"
    write_cube(small.cube, cube)
    assert main(["detect", str(cube), "--out", str(tmp_path / "whole")]) == 0
    monkeypatch.setattr(room, "least_bytes", lambda _: 0.0)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    options = ["--memory", "1 MB", "--scratch", str(scratch)]
    parts = tmp_path / "parts"
    assert main(["detect", str(cube), "--out", str(parts), *options, "--dry-run"]) == 0
    assert "by parts" in capsys.readouterr().out
    assert main(["detect", str(cube), "--out", str(parts), *options]) == 0
    whole, by_parts = (
        read_catalogue(tmp_path / name / "a.catalogue.ecsv") for name in ("whole", "parts")
    )
    assert len(whole.accepted) == len(by_parts.accepted) > 0
    np.testing.assert_allclose(by_parts["line_flux"], whole["line_flux"], rtol=1e-5)
    settings = [(tmp_path / name / "a.settings.toml").read_text() for name in ("whole", "parts")]
    assert settings[0] == settings[1]
    assert not list(scratch.iterdir())


def test_another_finder_loads_it_or_says_that_it_is_too_large(
    small: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = tmp_path / "a.fits"
    write_cube(small.cube, cube)
    monkeypatch.setattr(room, "least_bytes", lambda _: 0.0)
    options = ["--memory", "1 MB", "--finder", "matched_filter"]
    assert main(["detect", str(cube), "--out", str(tmp_path / "out"), *options]) == 0
    assert (tmp_path / "out" / "a.catalogue.ecsv").is_file()
