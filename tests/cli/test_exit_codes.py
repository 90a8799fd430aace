"""Every way a command can fail: one line on stderr, the right code, no traceback."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.cli import main
from deepfocus.core.errors import DeepFocusError


def _one_line(capsys: pytest.CaptureFixture[str]) -> str:
    streams = capsys.readouterr()
    assert streams.out == ""
    lines = streams.err.splitlines()
    assert len(lines) == 1, streams.err
    assert lines[0].startswith("deepfocus: ")
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["detect"], "Missing argument 'FILES...'"),
        (["detect", "a.fits"], "Missing option '--out'"),
        (["detect", "--frob"], "No such option"),
        (["simulate", "s.toml", "--out", "o", "--number", "none"], "not a valid integer"),
        (["evaluate", "missing.ecsv", "missing.ecsv"], "No such file"),
        (["evaluate", "missing.txt", "missing.ecsv"], "ends in"),
        (["simulate", "missing.toml", "--out", "never"], "cannot read settings"),
    ],
)
def test_bad_usage(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert words in _one_line(capsys)
    assert not list(tmp_path.iterdir())


def test_no_command_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "Usage: deepfocus" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (DeepFocusError("this came", wanted="that", remedy="do so"), 2, "this came; wanted that"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 2, "not enough memory"),
    ],
)
def test_what_a_command_raises(
    error: BaseException,
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr("deepfocus.io.catalogues.read_catalogue", fail)
    assert main(["evaluate", "a.ecsv", "b.ecsv"]) == code
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err


def _write_bad(path: Path, kind: str) -> None:
    if kind == "text":
        path.write_text("not FITS")
    elif kind == "two axes":
        fits.PrimaryHDU(np.zeros((8, 8), "f4")).writeto(path)
    elif kind == "truncated":
        fits.PrimaryHDU(np.zeros((30, 30, 30), "f4")).writeto(path)
        path.write_bytes(path.read_bytes()[:20000])
    elif kind == "all NaN":
        header = fits.Header()
        names = ("RA---SIN", "DEC--SIN", "FREQ")
        for i, (ctype, start, step) in enumerate(
            zip(names, (10.0, -10.0, 1e11), (-1e-4, 1e-4, 1e6), strict=True), 1
        ):
            header.update({f"CTYPE{i}": ctype, f"CRVAL{i}": start, f"CDELT{i}": step})
        fits.PrimaryHDU(np.full((10, 8, 8), np.nan, "f4"), header).writeto(path)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "No such file"),
        ("text", "not a FITS file"),
        ("two axes", "no celestial axes"),
        ("truncated", "truncated"),
        ("all NaN", "all NaN"),
    ],
)
def test_detect_refuses_a_bad_file_and_writes_nothing(
    kind: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "bad.fits", tmp_path / "out"
    _write_bad(path, kind)
    assert main(["detect", str(path), "--out", str(out)]) == 2
    assert words in _one_line(capsys)
    assert not out.exists()


def test_detect_refuses_unknown_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    assert main(["detect", "a.fits", "--out", out, "--set", "no_such_key=1"]) == 2
    assert "unknown setting 'no_such_key'" in _one_line(capsys)
    assert main(["detect", "a.fits", "--out", out, "--set", "no pair"]) == 2
    assert "wanted key=value" in _one_line(capsys)
    file = tmp_path / "settings.toml"
    file.write_text("no_such_key = 1\n")
    assert main(["detect", "a.fits", "--out", out, "--settings", str(file)]) == 2
    assert "unknown setting 'no_such_key'" in _one_line(capsys)
    assert main(["detect", "a.fits", "--out", out, "--rest-frequency", "3 kg"]) == 2
    assert "cannot use the rest frequency" in _one_line(capsys)
    assert not Path(out).exists()


def test_detect_refuses_an_output_that_is_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out"
    file.touch()
    assert main(["detect", "a.fits", "--out", str(file)]) == 2
    assert "is a file" in _one_line(capsys)
    assert main(["detect", "a.fits", "--out", str(file / "below")]) == 2
    assert "is a file" in _one_line(capsys)


def test_detect_refuses_a_folder_without_permission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the superuser may write everywhere: let the system say no
    monkeypatch.setattr(os, "access", lambda *args: False)
    assert main(["detect", "a.fits", "--out", str(tmp_path / "out")]) == 2
    assert "Permission denied" in _one_line(capsys)


def test_detect_refuses_two_inputs_of_one_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / "a" / "cube.fits"), str(tmp_path / "b" / "cube.fits.gz")]
    assert main(["detect", *files, "--out", str(tmp_path / "out")]) == 2
    assert "would both be written as cube" in _one_line(capsys)


def test_train_without_torch_says_how_to_get_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepfocus.cli.train.find_spec", lambda name: None)
    assert main(["train", "recipe.toml", "--out", str(tmp_path / "out")]) == 2
    assert "pip install deepfocus-alma[train]" in _one_line(capsys)
