"""`simulate` and `evaluate` through the command, on a small set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deepfocus.cli import main
from deepfocus.io.catalogues import read_catalogue, write_catalogue
from deepfocus.io.fits_cube import read_cube
from deepfocus.jobs.threads import ONE_THREAD

SMALL = """
[observation]
size = 64
channels = 16
total_time = "100 s"
channel_width = "80 MHz"
[population]
companions = [1, 1]
offset_px = [-15.0, 15.0]
"""


@pytest.fixture(scope="module")
def small_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    (folder / "small.toml").write_text(SMALL)
    arguments = ["simulate", str(folder / "small.toml"), "--out", str(folder / "out")]
    assert main([*arguments, "--number", "2", "--first", "5"]) == 0
    return folder / "out"


def test_a_cube_is_the_same_whatever_threads_the_libraries_have(tmp_path: Path) -> None:
    """Discs go through linear algebra, whose libraries round by their number of threads."""
    (tmp_path / "discs.toml").write_text(
        SMALL[: SMALL.index("[population]")].replace("64", "96")
        + '[population]\nkind = "galaxies"\nsources = [2, 2]\ntemplate_fraction = 0.5\n'
        "fwhm_px = [8.0, 20.0]\nline_fwhm_chan = [4.0, 8.0]\nline_margin_chan = 4.0\n"
        '[noise]\nkind = "thermal"\n'
    )
    free = {name: value for name, value in os.environ.items() if name not in ONE_THREAD}
    made = []
    for workers in ("1", "2"):
        out = tmp_path / workers
        subprocess.run(
            [sys.executable, "-m", "deepfocus", "simulate", str(tmp_path / "discs.toml"),
             "--out", str(out), "--number", "2", "--workers", workers],
            env=free, check=True, capture_output=True,
        )  # fmt: skip
        made.append({path.name: path.read_bytes() for path in out.glob("*.fits")})
    assert len(made[0]) >= 4
    assert made[0] == made[1]


def test_a_set_that_was_refused_does_not_keep_the_corrected_one_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "small.toml", tmp_path / "out"
    path.write_text(SMALL.replace("[observation]", '[observation]\nconfiguration = "C-99"'))
    command = ["simulate", str(path), "--out", str(out), "--number", "1"]
    assert main(command) == 2
    assert "C-99" in capsys.readouterr().err
    path.write_text(SMALL)
    assert main(command) == 0


def test_simulate_writes_cubes_and_truth(small_set: Path) -> None:
    assert {p.name for p in small_set.iterdir()} == {
        "settings.json",
        *(
            f"{seed}.{end}"
            for seed in (5, 6)
            for end in ("fits", "psf.fits", "pb.fits", "truth.ecsv", "truth.fits")
        ),
    }
    cube = read_cube(small_set / "5.fits")
    truth = read_catalogue(small_set / "5.truth.ecsv")
    assert cube.data.shape == (16, 64, 64)
    assert cube.meta["seed"] == 5
    assert cube.psf is not None
    assert len(truth) == 2
    # the central source lies on the phase centre
    assert np.any((truth["x"] == 32) & (truth["y"] == 32))


def test_evaluate_of_the_truth_itself_is_perfect(
    small_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = str(small_set / "5.truth.ecsv")
    numbers = tmp_path / "numbers.json"
    assert main(["evaluate", truth, truth, "--json", str(numbers)]) == 0
    assert "one-to-one" in capsys.readouterr().out
    counts = json.loads(numbers.read_text())["one_to_one"]
    assert (counts["tp"], counts["fp"], counts["fn"]) == (2, 0, 0)


def test_evaluate_of_folders_pools_and_misses_nothing(
    small_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for seed in (5, 6):
        truth = read_catalogue(small_set / f"{seed}.truth.ecsv")
        write_catalogue(truth, tmp_path / f"{seed}.catalogue.ecsv")
    assert main(["evaluate", str(tmp_path), str(small_set)]) == 0
    assert "2 cubes, 4 true sources" in capsys.readouterr().out
    (tmp_path / "6.catalogue.ecsv").unlink()
    assert main(["evaluate", str(tmp_path), str(small_set)]) == 2
    assert "6.catalogue.ecsv" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["evaluate", str(tmp_path / "empty"), str(tmp_path / "empty")]) == 2
    assert "contains no catalogue" in capsys.readouterr().err


def test_truth_without_line_widths_is_pointed_out(
    small_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = read_catalogue(small_set / "5.truth.ecsv")
    bare = write_catalogue(truth.with_columns(line_fwhm_chan=np.nan), tmp_path / "bare.ecsv")
    assert main(["evaluate", str(small_set / "5.truth.ecsv"), str(bare)]) == 0
    assert "2 true sources without line_fwhm_chan" in capsys.readouterr().err


def test_truth_that_does_not_say_its_beam_is_pointed_out(
    small_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = small_set / "5.truth.ecsv"
    assert main(["evaluate", str(truth), str(truth)]) == 0
    assert "note" not in capsys.readouterr().err
    early = write_catalogue(read_catalogue(truth).with_meta(beam_px=None), tmp_path / "early.ecsv")
    assert main(["evaluate", str(truth), str(early)]) == 0
    assert "1 truth without beam_px in the meta: matched as with" in capsys.readouterr().err


def test_a_folder_beside_a_file_is_refused(
    small_set: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = small_set / "5.truth.ecsv"
    assert main(["evaluate", str(small_set), str(truth)]) == 2
    assert "is a folder and" in capsys.readouterr().err
    assert main(["evaluate", str(truth), str(truth), "--json", str(small_set)]) == 2
    assert "it is a folder" in capsys.readouterr().err


def test_a_cube_is_no_catalogue(small_set: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(small_set / "5.fits"), str(small_set / "5.truth.ecsv")]) == 2
    assert "it holds no table" in capsys.readouterr().err
