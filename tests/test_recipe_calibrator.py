"""The recipe "Lines in a calibrator's field" does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages import run_page


@pytest.mark.slow
def test_lines_around_a_bright_continuum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("recipe-calibrator.md", capsys, monkeypatch)
