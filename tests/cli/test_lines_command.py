"""`deepfocus lines`: of a catalogue, of frequencies, and of what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.core.catalogue import catalogue
from deepfocus.io.catalogues import read_catalogue, write_catalogue


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """CO 1-0 of a galaxy at z = 0.0094, a rejected candidate, and one without a frequency."""
    rows = catalogue(
        id=[7, 8, 9], flag=[0, 4, 0], frequency=[114.1977e9, 114.2e9, float("nan")]
    ).with_columns(frequency_err=2e6)
    return write_catalogue(rows.with_meta(band_hz=[113e9, 115e9]), tmp_path / "cube.catalogue.ecsv")


def test_at_a_known_redshift(found: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lines", str(found), "--redshift", "0.0094"]) == 0
    rows = capsys.readouterr().out.splitlines()[3:]
    assert [row.split()[0] for row in rows if row.startswith("7")] == ["7"]
    assert "CO 1-0" in rows[0]
    assert "5.3" in rows[0]  # 2 MHz in km/s
    assert len(rows) == 1


def test_sources_of_several_catalogues_are_told_apart(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.catalogue.ecsv"
    other.write_bytes(found.read_bytes())
    assert main(["lines", str(found), str(other), "--redshift", "0.0094"]) == 0
    rows = capsys.readouterr().out.splitlines()[3:]
    assert [row.split("114")[0].strip() for row in rows] == ["cube 7", "other 7"]


def test_hypotheses_in_the_band_of_the_cube(found: Path, tmp_path: Path) -> None:
    out = tmp_path / "lines.ecsv"
    assert main(["lines", str(found), "--out", str(out)]) == 0
    table = Table.read(out, format="ascii.ecsv")
    assert set(table["source"].astype(str)) == {"7"}
    local = table[table["line"] == "CO 1-0"][0]
    assert abs(local["redshift"] - 0.0094) < 1e-5
    assert abs(local["redshift_err"] - 1.0094 * 2e6 / 114.2e9) < 1e-7
    assert "CN 1-0" in local["near_band"]


def test_a_frequency_and_a_band(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["lines", "97.58 GHz", "--band", "84.2 GHz", "114.9 GHz"]
    assert main(command) == 0
    assert "[CI] 1-0 (104.167)" in capsys.readouterr().out
    assert main([*command, "--highest-redshift", "1"]) == 0
    assert "CO 2-1 " not in capsys.readouterr().out


@pytest.mark.parametrize("given", ["nonsense", "-3 GHz", "12 kg", "missing.ecsv"])
def test_what_is_neither(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lines", "--", given]) == 2
    said = capsys.readouterr().err
    assert "is neither a catalogue nor a frequency" in said
    assert "Traceback" not in said


def test_sources_of_the_catalogue_of_many_cubes_are_told_apart(
    found: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = read_catalogue(found).rows
    rows.meta.clear()
    rows["cube"] = ["a field"] * len(rows)
    rows.write(tmp_path / "catalogue.ecsv", format="ascii.ecsv")
    assert main(["lines", str(tmp_path / "catalogue.ecsv"), "--redshift", "0.0094"]) == 0
    assert "a field 7 " in capsys.readouterr().out


def test_a_table_that_is_no_catalogue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Table({"a": [1]}).write(tmp_path / "t.ecsv", format="ascii.ecsv")
    assert main(["lines", str(tmp_path / "t.ecsv")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_redshift_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lines", "97.58 GHz", "--redshift", "-3"]) == 2
    assert "wanted a number above -1" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--redshift", "--within", "--highest-redshift"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_number_is_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lines", "97.58 GHz", "--redshift", "0.1", option, value]) == 2
    assert f"{value} is not a finite number" in capsys.readouterr().err
