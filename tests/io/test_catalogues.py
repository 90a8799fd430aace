"""Catalogues survive each format, and foreign tables are checked against the schema."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from astropy.io import fits, votable
from astropy.io.votable.ucd import parse_ucd
from astropy.table import Table

from deepfocus.core.catalogue import NAMES, SCHEMA, Catalogue, catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.catalogues import read_catalogue, write_catalogue

FORMATS = ["ecsv", "fits", "vot", "xml"]


def _three() -> Catalogue:
    return (
        catalogue(
            x=[1.5, 2.25, 1 / 3],
            y=[3.0, 4.0, 5.0],
            channel=[7.0, 8.0, 9.0],
            flag=[0, 1, 256],
            ra=[10.0, 20.0, np.nan],
            dec=[-30.0, 40.0, np.nan],
            fwhm_x=[2.0, 1.0, 1.0],
            fwhm_y=[4.0, np.nan, 1.0],
            fwhm_x_px=[20.0, 10.0, 3.0],
            fwhm_y_px=[40.0, np.nan, 5.0],
            pa=[100.0, np.nan, 30.0],
            line_flux=[1.1, np.nan, 0.3],
            warning=["near the edge of the image; line cut off", "", "x, 'y'"],
        )
        .with_reasons()
        .with_meta(seed=3, beam_px=5.0 / 3.0, settings={"threshold": 0.15, "names": ["a", "b"]})
    )


def _same(one: Catalogue, other: Catalogue) -> None:
    assert tuple(one.table.colnames) == NAMES
    for name in NAMES:
        assert one[name].dtype == other[name].dtype, name
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
        assert one.rows[name].unit == other.rows[name].unit


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rows", [3, 0])
def test_round_trip(tmp_path: Path, suffix: str, rows: int) -> None:
    found = _three() if rows else catalogue().with_meta(seed=1)
    path = write_catalogue(found, tmp_path / f"found.{suffix}")
    read = read_catalogue(path)
    _same(read, found)
    assert dict(read.meta) == dict(found.meta)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_texts_in_fits_are_no_wider_than_they_need_be(tmp_path: Path) -> None:
    """DS9 8.4 ends on columns of texts of more than 127 letters."""
    write_catalogue(_three().with_columns(warning=["", "two words", "x"]), tmp_path / "t.fits")
    with fits.open(tmp_path / "t.fits") as hdus:
        columns = hdus[1].columns
        assert columns["warning"].format == "9A"


def test_votable_carries_ucds_that_exist(tmp_path: Path) -> None:
    path = write_catalogue(_three(), tmp_path / "found.vot")
    fields = votable.parse_single_table(path).fields
    assert [field.ucd for field in fields] == [column.ucd for column in SCHEMA]
    assert all(field.description for field in fields)
    for column in SCHEMA:
        parse_ucd(column.ucd, check_controlled_vocabulary=True)


def test_votable_says_the_frame_of_its_positions(tmp_path: Path) -> None:
    document = votable.parse(write_catalogue(_three(), tmp_path / "found.vot"))
    (system,) = document.iter_coosys()
    assert system.system == "ICRS"
    framed = [field.name for field in document.get_first_table().fields if field.ref == system.ID]
    assert framed == ["ra", "ra_err", "dec", "dec_err"]


@pytest.mark.skipif(which("stilts") is None, reason="STILTS is not installed")
@pytest.mark.parametrize("rows", [3, 0])
def test_votlint_finds_nothing(tmp_path: Path, rows: int) -> None:
    path = write_catalogue(_three() if rows else catalogue(), tmp_path / "found.vot")
    said = subprocess.run(["stilts", "votlint", path], capture_output=True, text=True, check=True)
    assert said.stdout + said.stderr == ""


@pytest.mark.parametrize("suffix", ["ecsv", "fits", "vot"])
def test_short_table_is_filled(tmp_path: Path, suffix: str) -> None:
    table = Table({"x": [1, 2], "y": [3.0, 4.0], "channel": [5.0, 6.0], "colour": ["red", "blue"]})
    table["frequency"] = [230.0, 231.0]
    table["frequency"].unit = "GHz"
    path = tmp_path / f"short.{suffix}"
    kinds = {"ecsv": "ascii.ecsv", "fits": "fits", "vot": "votable"}
    table.write(path, format=kinds[suffix])
    read = read_catalogue(path)
    np.testing.assert_array_equal(read["id"], [1, 2])
    np.testing.assert_array_equal(read["flag"], [0, 0])
    np.testing.assert_allclose(read["frequency"], [230e9, 231e9])
    assert np.isnan(read["line_flux"]).all()
    assert read.meta["other_columns"] == ["colour"]


def test_masked_values_are_blank(tmp_path: Path) -> None:
    (tmp_path / "t.ecsv").write_text(
        "# %ECSV 1.0\n# ---\n# datatype:\n"
        + "".join(f"# - {{name: {n}, datatype: {t}}}\n" for n, t in [
            ("x", "float64"), ("y", "float64"), ("channel", "float64"), ("flag", "int64"),
            ("reason", "string"),
        ])
        + 'x y channel flag reason\n1.0 2.0 3.0 1 "no line"\n2.0 "" 4.0 "" ""\n'
    )  # fmt: skip
    read = read_catalogue(tmp_path / "t.ecsv")
    assert np.isnan(read["y"][1])
    np.testing.assert_array_equal(read["flag"], [1, 0])
    np.testing.assert_array_equal(read["reason"], ["no line", ""])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,2\n", "not a readable catalogue"),
        ("# %ECSV 1.0\n# ---\n# datatype:\n# - {name: x, datatype: float64}\nx\n1.0\n",
         "lacks the columns y, channel"),
        ("", "not a readable catalogue"),
    ],
)  # fmt: skip
def test_bad_tables(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "bad.ecsv"
    path.write_text(text)
    with pytest.raises(DeepFocusError, match=words) as caught:
        read_catalogue(path)
    assert "\n" not in str(caught.value)


def test_wrong_unit_missing_file_and_suffix(tmp_path: Path) -> None:
    table = Table({"x": [1.0], "y": [1.0], "channel": [1.0], "frequency": [1.0]})
    table["frequency"].unit = "m/s"
    table.write(tmp_path / "t.ecsv", format="ascii.ecsv")
    with pytest.raises(DeepFocusError, match="bad column 'frequency'"):
        read_catalogue(tmp_path / "t.ecsv")
    with pytest.raises(DeepFocusError, match="No such file"):
        read_catalogue(tmp_path / "none.ecsv")
    with pytest.raises(DeepFocusError, match="ends in"):
        read_catalogue(tmp_path / "t.csv")
    with pytest.raises(DeepFocusError, match="ends in"):
        write_catalogue(_three(), tmp_path / "t.csv")


def test_regions(tmp_path: Path) -> None:
    lines = write_catalogue(_three(), tmp_path / "t.reg").read_text().splitlines()
    assert lines[0].startswith("# Region file format: DS9")
    assert lines[2] == "icrs"
    # the major axis (4 arcsec) lies at PA 100, which is 190 = 10 degrees from +x
    assert lines[3].startswith('ellipse(10.00000000,-30.00000000,2.0000",1.0000",10.00)')
    assert lines[4].startswith("point(20.00000000,40.00000000) ")
    assert "red" in lines[4]
    # no sky position: FITS pixels, from 1
    assert lines[5].startswith("image; ellipse(1.333,6.000,2.5000,1.5000,120.00)")
