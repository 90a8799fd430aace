"""Progress: lines of JSON where nobody watches, a bar on a terminal."""

from __future__ import annotations

import io
import json
import sys

import pytest

from deepfocus.jobs.progress import Progress


def test_json_lines_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("detect", 2) as progress:
        progress.advance("a")
        progress.say("a result")
        progress.advance("b")
        progress.warn("two\nlines")
    streams = capsys.readouterr()
    assert streams.out == "a result\n"
    *steps, warning = streams.err.splitlines()
    assert [(s["task"], s["done"], s["total"], s["name"]) for s in map(json.loads, steps)] == [
        ("detect", 1, 2, "a"),
        ("detect", 2, 2, "b"),
    ]
    assert warning == "deepfocus: two lines"


def test_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress("simulate", 4) as progress:
        progress.reached(2, 4, "seed 2")
        progress.warn("careful")
    shown = terminal.getvalue()
    assert "2/4" in shown
    assert "deepfocus: careful" in shown
    assert "{" not in shown
