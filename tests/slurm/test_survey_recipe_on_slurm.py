"""The recipe "A survey of 1,000 cubes" on a real Slurm: its first search, and the next."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from one_host import LONGEST_S, OneHostSlurm, why_not
from profiles import write_profile

from pages import DOCS, assert_printed, do, steps_of

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("dask_jobqueue") is None,
        reason='the extra is missing: pip install "deepfocus-alma[cluster]"',
    ),
    pytest.mark.skipif(why_not() is not None, reason=f"no Slurm to start: {why_not()}"),
]


def test_a_survey_on_slurm(
    slurm: OneHostSlurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = "recipe-survey.md"
    steps = steps_of((DOCS / name).read_text(encoding="utf-8"))
    settings, simulate = steps[:2]
    do(settings, {}, source=name)
    do(simulate, {}, source=name)
    write_profile(tmp_path / "slurm.toml", jobs=2)
    first, again = (step for step in steps if "--cluster" in step.text)
    for step, finished in ((first, 0), (again, 4)):
        run = subprocess.run(
            [sys.executable, "-m", "deepfocus", *step.words],
            env={**os.environ, **slurm.environment},
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
        )
        assert run.returncode == 0, run.stderr
        assert_printed(step.shown, run.stdout)
        assert run.stderr.count('"finished before"') == finished
