"""`detect --resume` of a cube that was searched by parts, and stopped on the way."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from deepfocus.cli import main
from deepfocus.cli.room import Room
from deepfocus.finders.deepfocus import look
from deepfocus.io.write_cube import write_cube
from deepfocus.jobs.running import CLAIM_OLD_S, STEPS
from deepfocus.search.search import Found, search
from deepfocus.simulation.cube import Simulated


class Counted:
    """Searches, as often as it is told; then the run is stopped."""

    def __init__(self, most: int) -> None:
        self.most, self.made = most, 0

    def __call__(self, *given: object, **more: object) -> Found:
        if self.made == self.most:
            raise KeyboardInterrupt
        self.made += 1
        return search(*given, **more)  # type: ignore[arg-type]


@pytest.fixture
def cube_file(small: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Too large for any memory."""
    monkeypatch.setattr(Room, "holds", lambda self, shape: False)
    return write_cube(small.cube, tmp_path / "a.fits")[0]


def detect(path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, most: int, *more: str) -> int:
    """How many searches it made, of `most` until it is stopped."""
    counted = Counted(most)
    monkeypatch.setattr(look, "search", counted)
    command = ["detect", str(path), "--out", str(out), "--workers", "1", "--memory", "1 GB", *more]
    main(command)
    return counted.made


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def steps(out: Path) -> list[Path]:
    return sorted(out.glob(f"{STEPS}*/*/*"))


@pytest.mark.usefixtures("quick_figures")
def test_it_goes_on_from_the_searches_that_were_made(
    cube_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = detect(cube_file, tmp_path / "whole", monkeypatch, 100)
    assert rounds >= 2
    assert not steps(tmp_path / "whole")
    out = tmp_path / "out"
    assert detect(cube_file, out, monkeypatch, rounds - 1) == rounds - 1
    assert len(steps(out)) == rounds - 1
    assert not list(out.glob("a.*"))
    assert detect(cube_file, out, monkeypatch, 100, "--resume") == 1
    assert contents(out) == contents(tmp_path / "whole")


@pytest.mark.usefixtures("quick_figures")
def test_without_resume_or_of_another_content_all_is_made_again(
    cube_file: Path, small: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = detect(cube_file, tmp_path / "whole", monkeypatch, 100)
    out = tmp_path / "out"
    detect(cube_file, out, monkeypatch, 1)
    assert detect(cube_file, out, monkeypatch, 1) == 1
    assert len(steps(out)) == 1
    other = small.cube.with_data(small.cube.array * 1.5)
    write_cube(other, cube_file)
    assert detect(cube_file, out, monkeypatch, 100, "--resume") == rounds
    assert not list(out.glob(f"{STEPS}*"))


@pytest.mark.usefixtures("quick_figures")
def test_what_nobody_went_on_from_is_swept(
    cube_file: Path, small: Simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    detect(cube_file, out, monkeypatch, 1)
    (made,) = steps(out)
    other = write_cube(small.cube, tmp_path / "other.fits")[0]
    detect(other, out, monkeypatch, 100)
    assert steps(out) == [made]
    long_ago = time.time() - CLAIM_OLD_S - 60.0
    os.utime(made.parent, (long_ago, long_ago))
    detect(other, out, monkeypatch, 100)
    assert not list(out.glob(f"{STEPS}*"))
