"""The tutorial does what it says: its commands and its code are run, and print what it shows."""

from __future__ import annotations

import re
import shlex
import shutil
import warnings
from pathlib import Path

import matplotlib as mpl
import pytest

from deepfocus.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMAND = re.compile(r"^    deepfocus (.+)$", re.MULTILINE)
CODE = re.compile(r"^```python\n(.+?)^```", re.MULTILINE | re.DOTALL)
FIGURE = 1e-3
"""Relative, of numbers that are shown: three figures, as another processor may round them."""


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
    said = ""
    for command in COMMAND.findall(TEXT):
        assert main(shlex.split(command)) == 0, command
        streams = capsys.readouterr()
        said += streams.out + streams.err
    shown = [line for line in said.splitlines() if re.match(r" ?[1-6] +\d", line)]
    for line in re.findall(r"^     ([1-6] +\d.*)$", TEXT, re.MULTILINE):
        wanted = [float(value) for value in line.split()]
        nearest = next(each for each in shown if each.split()[0] == line.split()[0])
        found = [float(value) for value in nearest.split()]
        assert found == pytest.approx(wanted, rel=FIGURE, abs=0.06)
    assert "Believe the" in said
    assert "source 1: in a negative bowl: the ring around it has -52 Jy km/s" in said
    monkeypatch.setattr(mpl, "use", mpl.use)
    mpl.use("agg")
    with warnings.catch_warnings():
        # Astropy completes the observatory's position in each header
        warnings.simplefilter("ignore")
        for block in CODE.findall(TEXT):
            exec(compile(block, str(PAGE), "exec"), {})
    assert (tmp_path / "ngc3256.png").stat().st_size > 20_000
    assert capsys.readouterr().out.startswith("933.5")
