"""The tutorial does what it says: its commands and its code are run, and print what it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pages import run_page


@pytest.mark.slow
def test_the_tutorial_prints_what_it_shows(
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cube = shared_data / "data" / "real" / "admit_mom_integ_test_input.fits"
    shutil.copyfile(cube, tmp_path / "ngc3256.fits")
    monkeypatch.chdir(tmp_path)
    said = run_page("tutorial.md", capsys, monkeypatch)
    assert "Believe the" in said
    assert "source 1: in a negative bowl: the ring around it has -52 Jy km/s" in said
    assert (tmp_path / "ngc3256.png").stat().st_size > 20_000
    assert "\n924.8" in said
