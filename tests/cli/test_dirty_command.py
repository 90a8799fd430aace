"""`dirty` through the command: the script is written whole, or nothing is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from deepfocus.cli import main

GOOD = ["--cell", "0.1arcsec", "--size", "360"]


def test_a_script_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "my_field.py"
    briggs = ["--weighting", "briggs", "--robust", "0.5", "--field", "it's", "--nchan", "12"]
    assert main(["dirty", "my.ms", "--out", str(script), *GOOD, *briggs]) == 0
    assert "my_field.fits" in capsys.readouterr().out
    text = script.read_text()
    ast.parse(text)
    for argument in ("robust=0.5", "imagename='my_field'", 'field="it\'s"', "nchan=12"):
        assert argument in text
    assert [path.name for path in tmp_path.iterdir()] == ["my_field.py"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["my.ms", "--out", "s.py"], "--cell and --size not given"),
        (["my.ms", "--out", "s.py", "--size", "64"], "--cell not given"),
        (["my.ms", "--out", "s.py", *GOOD, "--robust", "0"], "with natural weighting"),
        (["my.ms", "--out", "s.txt", *GOOD], "ends in .py"),
        (["my.ms", "--out", "s.py", "--cell", "0.1", "--size", "64"], "an angle with its unit"),
        (["file.ms", "--out", "s.py", *GOOD], "not a measurement set"),
    ],
)
def test_bad_input_writes_nothing(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.ms").write_text("not a table")
    assert main(["dirty", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert len(err.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file.ms"]
