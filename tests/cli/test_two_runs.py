"""Two runs of `detect` in one folder: none spoils what the other makes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.io.write_cube import write_cube
from deepfocus.jobs.running import ALONE, RUNNING, running
from deepfocus.simulation.cube import Simulated

pytest.importorskip("fcntl", reason="needs locks of files")
NAMES = ("a", "b", "c", "d")
CLAIMS = f"{RUNNING}*"


@pytest.fixture
def files(small: Simulated, tmp_path: Path) -> dict[str, str]:
    """The paths of four cubes by their names."""
    first = write_cube(small.cube, tmp_path / "a.fits")[0]
    paths = {name: tmp_path / f"{name}.fits" for name in NAMES}
    for path in list(paths.values())[1:]:
        shutil.copy(first, path)
    return {name: str(path) for name, path in paths.items()}


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if path.is_file()}


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_on_the_same_cube_the_second_run_is_refused_and_changes_nothing(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["detect", files["a"], "--out", str(out)]) == 0
    before = contents(out)
    for options in ([], ["--rest-frequency", "100 GHz"], ["--resume"]):
        capsys.readouterr()
        with running(out, ["a", "c"]):
            code = main(["detect", files["b"], files["a"], "--out", str(out), *options])
        assert code == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("deepfocus: another run (process ")
        assert f"is at work on a in {out}; " in line
        assert "wait until it ends, or choose another --out" in line
        assert contents(out) == before


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_on_other_cubes_both_are_whole(files: dict[str, str], tmp_path: Path) -> None:
    out, at_once = tmp_path / "out", tmp_path / "at_once"
    with running(out, ["a", "b"]):
        assert main(["detect", files["c"], files["d"], "--out", str(out), "--workers", "1"]) == 0
    assert main(["detect", files["a"], files["b"], "--out", str(out), "--workers", "1"]) == 0
    assert main(["detect", *files.values(), "--out", str(at_once), "--workers", "1"]) == 0
    # the catalogue of all is of both runs
    assert contents(out) == contents(at_once)


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_the_catalogue_of_all_keeps_up_with_the_folder(
    files: dict[str, str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert main(["detect", *files.values(), "--out", str(out), "--workers", "1"]) == 0
    for path in out.glob("d.*"):
        path.unlink()
    before = Table.read(out / "catalogue.ecsv")
    assert main(["detect", files["b"], "--out", str(out)]) == 0
    after = Table.read(out / "catalogue.ecsv")
    assert list(after["cube"]) == [name for name in NAMES[:3] for _ in range(3)]
    np.testing.assert_array_equal(after["x"], before["x"][before["cube"] != "d"])
    # whatever else has that name is replaced, and has what is there
    (out / "catalogue.ecsv").write_text("no table")
    assert main(["detect", files["a"], files["b"], "--out", str(out), "--workers", "1"]) == 0
    assert set(Table.read(out / "catalogue.ecsv")["cube"]) == {"a", "b", "c"}


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_a_command_that_is_at_work_keeps_others_from_its_cube_alone(
    files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "deepfocus", "detect", files["a"], "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as first:
        end = time.monotonic() + 60
        while time.monotonic() < end and ((out / ALONE).exists() or not list(out.glob(CLAIMS))):
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)  # until the others are through
        assert main(["detect", files["a"], "--out", str(out), "--set", "false_peaks=1"]) == 2
        assert f"(process {first.pid} on " in capsys.readouterr().err
        assert main(["detect", files["b"], "--out", str(out)]) == 0
        of_b = contents(out)
        first.send_signal(signal.SIGCONT)
        _, said = first.communicate(timeout=60)
    assert first.returncode == 0, said
    assert {name for name in contents(out) if name[0] == "a"} == {
        name.replace("b", "a", 1) for name in of_b if name[0] == "b"
    }
    assert all(contents(out)[name] == of_b[name] for name in of_b if name[0] == "b")
    assert "false_peaks = 0.01" in (out / "a.settings.toml").read_text()
    assert not list(out.glob(".*"))
