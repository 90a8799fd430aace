"""The script that makes every table: which finders, how many cubes, and a run to its page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import tables

from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.blobcat.finder import Blobcat
from deepfocus.simulation.sets import SHIPPED


class Missing:
    """A finder whose program is not there."""

    def ready(self) -> None:
        raise DeepFocusError("no program", wanted="a program", remedy="install it")


def test_what_is_not_installed_is_left_out_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finders = {"blobcat": Blobcat, "missing": Missing}
    monkeypatch.setattr(tables, "finder_from", lambda table: finders[table["kind"]]())
    assert list(tables.available(["missing", "blobcat"])) == ["blobcat"]
    assert "left out: missing: no program" in capsys.readouterr().err


def test_the_sets_are_shipped_ones_and_none_is_without_a_cube() -> None:
    assert set(tables.CUBES) <= set(SHIPPED)
    assert tables.number_of("paper", 1.0) == 1000
    assert tables.number_of("galaxies", 0.001) == 1


def test_one_command_from_seeds_to_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    words = f"--out {out} --sets empty --finders blobcat --share 0.001 --workers 1"
    monkeypatch.setattr(sys, "argv", ["tables.py", *words.split()])
    assert tables.main() == 0
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert "blobcat" in page
    steps = [json.loads(line)["what"] for line in (out / "times.jsonl").read_text().splitlines()]
    assert steps == ["empty", "report"]
    record = next((out / "empty" / "found" / "blobcat").glob("*.json"))
    written = record.stat().st_mtime_ns
    assert tables.main() == 0
    assert record.stat().st_mtime_ns == written, "what is recorded is not searched again"
