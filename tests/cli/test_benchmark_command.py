"""`deepfocus benchmark`: finders by name and by file, resumed, and its one-line errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.cli import main


def test_finders_by_name_and_by_file_stand_in_one_table(
    tiny_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    high = tmp_path / "high.toml"
    high.write_text('[finder]\nkind = "blobcat"\ndetection_snr = 1000.0\n')
    out = tmp_path / "out"
    command = ["benchmark", str(tiny_set), "--number", "1", "--out", str(out), "--workers", "1"]
    assert main([*command, "--finder", "blobcat", "--finder", str(high)]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("## tiny, validation: 1 cube, 2 true sources")
    assert "| blobcat |   1 |" in printed
    assert "| high    |   0 |" in printed
    names = {path.name for path in out.iterdir()}
    assert {"benchmark.md", "benchmark.ecsv", "benchmark.json", "high.residuals.png"} <= names
    # given again it does nothing, and says the same
    written = (out / "found" / "high" / "2000000.json").stat().st_mtime_ns
    assert main([*command, "--finder", "blobcat", "--finder", str(high)]) == 0
    assert capsys.readouterr().out == printed
    assert (out / "found" / "high" / "2000000.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--finder", "slimm"], "no finder is called 'slimm'"),
        (["--finder", "slim", "--finder", "slim"], "two finders are called slim"),
        (["--number", "1001"], "1001 cubes of validation"),
    ],
)
def test_what_cannot_be_is_one_line(
    arguments: list[str], complaint: str, tiny_set: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "out"
    assert main(["benchmark", str(tiny_set), "--out", str(out), *arguments]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert "Traceback" not in said
    assert not out.exists()
