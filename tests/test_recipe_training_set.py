"""The recipe "A training set for a network of your own" does what it says; torch where it is."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from pages import Step, run_page

pytest.importorskip("zarr", reason="zarr (the extra store) is not installed")


def with_what_is_there(step: Step) -> Step | None:
    return step if "import torch" not in step.text or find_spec("torch") else None


@pytest.mark.slow
def test_a_set_is_made_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page("recipe-training-set.md", capsys, monkeypatch, as_run=with_what_is_there)
