"""`detect` on many cubes: worker processes, one catalogue of all, resumed by content."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.cli.cost import Cost, Costs
from deepfocus.core.files import OLD_S
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.jobs.running import UNFINISHED
from deepfocus.simulation.cube import Simulated

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def folder(small: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cubes with their beams, and a file that is none."""
    given = tmp_path_factory.mktemp("many")
    for name in NAMES:
        write_cube(small.cube, given / f"{name}.fits")
    (given / "d.fits").write_text("no")
    return given


def products(out: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes()
        for path in out.iterdir()
        if path.suffix != ".png" and path.is_file()
    }


def before_of(said: str) -> list[str]:
    """Names of the cubes that were finished before, of what a run said."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [line["name"] for line in lines if line.get("note") == "finished before"]


def test_processes_give_the_same_bytes_as_one(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        assert main(["detect", str(folder), "--out", str(out), "--workers", workers]) == 2
        assert "1 of 4 cubes could not be used: d" in capsys.readouterr().err
        made.append(products(out))
    assert made[0] == made[1]
    together = Table.read(tmp_path / "1" / "catalogue.ecsv")
    alone = read_catalogue(tmp_path / "1" / "a.catalogue.ecsv")
    assert len(together) == 3 * len(alone)
    assert sorted(set(together["cube"])) == list(NAMES)
    np.testing.assert_array_equal(together[together["cube"] == "b"]["x"], alone["x"])
    assert together["line_flux"].unit == "Jy km / s"


def test_the_catalogue_of_all_has_those_of_other_runs_whatever_became_of_it(
    folder: Path, tmp_path: Path
) -> None:
    """Where it is gone, damaged, or of a version that did not say which cubes it has."""
    out, every = tmp_path / "out", [str(folder / f"{name}.fits") for name in NAMES]
    assert main(["detect", *every, "--out", str(out), "--workers", "1"]) == 0
    together = out / "catalogue.ecsv"
    whole = together.read_bytes()
    again = ["detect", *every[:2], "--out", str(out), "--workers", "1", "--resume"]
    for left in (None, whole[:-20], whole, b"# no table"):
        together.unlink()
        if left is not None:
            together.write_bytes(left)
        assert main(again) == 0
        assert together.read_bytes() == whole
    # those that are gone leave it
    (out / "c.catalogue.ecsv").unlink()
    assert main(again) == 0
    assert set(Table.read(together)["cube"]) == {"a", "b"}


def test_what_changed_is_searched_again_and_the_rest_is_not(
    small: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [write_cube(small.cube, tmp_path / f"{name}.fits")[0] for name in NAMES[:2]]
    out = tmp_path / "out"
    command = ["detect", *map(str, paths), "--out", str(out), "--workers", "1", "--resume"]
    assert main(command) == 0
    before = products(out)
    with fits.open(paths[1], mode="update") as hdus:
        hdus[0].data[..., 3, 3] += 1e-4
    capsys.readouterr()
    assert main(command) == 0
    said = capsys.readouterr().err
    assert before_of(said) == ["a"]
    after = products(out)
    assert after["a.catalogue.ecsv"] == before["a.catalogue.ecsv"]
    assert after["b.settings.toml"] != before["b.settings.toml"]
    # a companion belongs to the content, too
    shutil.copy(tmp_path / "a.pb.fits", tmp_path / "a.flux.fits")
    assert main(command) == 0
    assert before_of(capsys.readouterr().err) == ["b"]


def test_a_file_that_changes_while_it_is_read_is_refused(
    small: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_cube(small.cube, tmp_path / "a.fits")[0]

    def growing(path: Path, *_: object, **__: object) -> object:
        os.utime(path, (1, 1))
        return small.cube

    monkeypatch.setattr("deepfocus.io.fits_cube.read_cube", growing)
    assert main(["detect", str(path), "--out", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out" / "a.catalogue.ecsv").exists()


def test_a_file_in_a_folder_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(tmp_path / "no" / "a.fits"), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot read" in line


def test_what_killed_runs_left_is_swept_and_what_runs_is_not(
    small: Simulated, tmp_path: Path
) -> None:
    path = write_cube(small.cube, tmp_path / "a.fits")[0]
    out = tmp_path / "out"
    old, running = out / f"{UNFINISHED}a.1", out / f"{UNFINISHED}a.2"
    for left in (old, running):
        left.mkdir(parents=True)
        (left / "a.png").touch()
    long_ago = time.time() - 2 * OLD_S
    os.utime(old, (long_ago, long_ago))
    assert main(["detect", str(path), "--out", str(out)]) == 0
    assert not old.exists()
    assert running.exists()


@pytest.mark.slow
def test_killed_and_started_again_the_result_is_the_same(folder: Path, tmp_path: Path) -> None:
    whole, again = tmp_path / "whole", tmp_path / "again"
    command = [sys.executable, "-m", "deepfocus", "detect", str(folder), "--workers", "2"]
    subprocess.run([*command, "--out", str(whole)], check=False, capture_output=True)
    for seconds in np.random.default_rng(2).uniform(1.0, 6.0, 5):
        running = subprocess.Popen(
            [*command, "--resume", "--out", str(again)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        # what is there is whole
        for path in again.glob("[!.]*.ecsv"):
            Table.read(path)
    subprocess.run([*command, "--resume", "--out", str(again)], check=False, capture_output=True)
    # what the killed ones left is gone
    assert products(again) == products(whole)
    assert {path.name for path in again.iterdir()} == {path.name for path in whole.iterdir()}


def test_companions_are_named_for_one_cube_alone(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["detect", str(folder), "--out", str(tmp_path), "--pb", str(folder / "a.pb.fits")]
    assert main(arguments) == 2
    assert "--psf or --pb with 4 cubes" in capsys.readouterr().err


def test_no_more_processes_than_memory_allows() -> None:
    costs = Costs((Cost("a", (64, 2000, 2000)),) * 8, ())  # 1 GB each
    # in 4 GB none fits as a whole, and a part takes 1 GB
    for gigabytes, fit in ((4, 4), (5, 1), (14, 3), (1000, 8)):
        assert costs.processes(16, gigabytes * 10**9) == fit
    assert costs.processes(2, 10**12) == 2
    assert costs.processes(4, None) == 4
    assert Costs((), ()).processes(4, None) == 1


def test_a_dry_run_tells_the_cost_and_writes_nothing(
    folder: Path, small: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["detect", str(folder), "--out", str(out), "--dry-run", "--workers", "2"]) == 2
    streams = capsys.readouterr()
    size = " x ".join(map(str, small.cube.data.shape))
    lines = streams.out.splitlines()
    assert [line.split(": ")[0] for line in lines[:3]] == list(NAMES)
    assert all(size in line for line in lines[:3])
    assert lines[3].startswith("3 cubes, 2 at a time: ")
    assert "d.fits is not a FITS file" in streams.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("no such thing"), "ValueError at test_many.py:|this is a defect of deepfocus"),
        (MemoryError(), "b.fits: not enough memory"),
    ],
    ids=["defect", "memory"],
)
def test_what_fails_in_one_cube_leaves_the_others(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    words: str,
) -> None:
    from deepfocus.cli import products as written

    write = written.write_products

    def broken(run: object, name: str, **more: object) -> None:
        if name == "b":
            raise error
        write(run, name, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(written, "write_products", broken)
    given = [str(folder / f"{name}.fits") for name in NAMES]
    assert main(["detect", *given, "--out", str(tmp_path), "--workers", "1"]) == 2
    said = capsys.readouterr().err
    assert all(each in said for each in words.split("|"))
    assert "Traceback" not in said
    assert {each.name.split(".")[0] for each in tmp_path.glob("*.catalogue.ecsv")} == {"a", "c"}
    assert set(Table.read(tmp_path / "catalogue.ecsv")["cube"]) == {"a", "c"}
