"""The recipe "A survey of 1,000 cubes" does what it says, on this machine in place of Slurm.

On Slurm: tests/slurm/test_survey_recipe_on_slurm.py.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pages import Step, run_page


def without_a_cluster(step: Step) -> Step:
    return replace(step, text=step.text.replace("--cluster slurm.toml", "--workers 1"))


@pytest.mark.slow
def test_a_survey(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    said = run_page("recipe-survey.md", capsys, monkeypatch, as_run=without_a_cluster)
    assert said.count('"finished before"') == 4
