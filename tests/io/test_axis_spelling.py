"""Frames of the sky in any spelling, and those that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import FK4, FK5, Galactic, SkyCoord
from fits_samples import DEC, FREQ, LAT, LON, NX, NY, RA, saved

from deepfocus.core.catalogue import catalogue
from deepfocus.core.in_words import cube_in_words
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.io.catalogues import read_catalogue, write_catalogue
from deepfocus.io.fits_cube import read_cube

AT = {"x": LON["CRPIX"] - 1, "y": LAT["CRPIX"] - 1}
SPELLINGS = [
    ({}, "icrs"),
    ({"RADESYS": "ICRS"}, "icrs"),
    ({"RADESYS": "icrs"}, "icrs"),
    ({"RADESYS": "ICRF2"}, "icrs"),
    ({"RADESYS": ""}, "icrs"),
    ({"RADESYS": "FK5", "EQUINOX": 2000.0}, FK5()),
    ({"RADESYS": "fk5"}, FK5()),
    ({"RADESYS": "J2000"}, FK5()),
    ({"RADESYS": "FK5/J2000.0"}, FK5()),
    ({"RADECSYS": "FK5"}, FK5()),
    ({"EPOCH": 2000.0}, FK5()),
    ({"EQUINOX": "J2000"}, FK5()),
    ({"EQUINOX": "2000.0"}, FK5()),
    ({"RADESYS": "B1950"}, FK4()),
    ({"RADESYS": "fk4", "EPOCH": "B1950"}, FK4()),
]


@pytest.mark.parametrize(("keys", "frame"), SPELLINGS)
def test_usual_spellings_are_read(tmp_path: Path, keys: dict, frame: object) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", **keys))
    found = cube.grid.sky_at(**AT)
    wanted = SkyCoord(RA, DEC, unit="deg", frame=frame).icrs
    # a thousandth of the 0.1 arcsec pixel; FK5 and ICRS are 0.02 arcsec apart, FK4 half a degree
    assert found.separation(wanted) < 1e-4 * u.arcsec
    assert "notes" not in cube.meta


def test_lower_case_types(tmp_path: Path) -> None:
    axes = [
        {**LON, "CTYPE": "ra---sin", "ROLE": "RA-"},
        {**LAT, "CTYPE": "dec--sin", "ROLE": "DEC"},
    ]
    cube = read_cube(saved(tmp_path / "c.fits", [*axes, {**FREQ, "CTYPE": "freq"}]))
    assert cube.grid.sky_at(**AT).ra.deg == pytest.approx(RA)


def _sky(longitude: str, latitude: str, **keys: float) -> list[dict]:
    return [
        {**LON, "CTYPE": f"{longitude}-SIN", "ROLE": "RA-", **keys},
        {**LAT, "CTYPE": f"{latitude}-SIN", "ROLE": "DEC"},
        FREQ,
    ]


def test_galactic_axes_have_positions(tmp_path: Path) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", _sky("GLON", "GLAT"), RADESYS="nonsense"))
    wanted = SkyCoord(RA, DEC, unit="deg", frame=Galactic()).icrs
    assert cube.grid.sky_at(**AT).separation(wanted) < 1e-4 * u.arcsec


STRANGE = [
    (_sky("RA--", "DEC-"), {"RADESYS": "NONSENSE"}, "RADESYS NONSENSE"),
    (_sky("HPLN", "HPLT"), {}, "HPLN-SIN and HPLT-SIN"),
    (_sky("CRLN", "CRLT"), {}, "CRLN-SIN"),
    (_sky("MALN", "MALT"), {}, "MALN-SIN"),
    (_sky("SLON", "SLAT"), {}, "SLON-SIN"),
    (_sky("ELON", "ELAT"), {}, "ELON-SIN"),
    (_sky("RA--", "DEC-", CRPIX=1e8), {}, "outside its projection"),
]


@pytest.mark.parametrize(("axes", "keys", "words"), STRANGE)
def test_other_places_keep_image_coordinates(
    tmp_path: Path, axes: list[dict], keys: dict, words: str
) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", axes, **keys))
    assert sum(words in note for note in cube.meta["notes"]) == 1
    assert "no known place" in cube_in_words(cube)
    found = catalogue(
        rows=2, x=[3.0, 5.0], y=[4.0, 2.0], channel=[2.0, 3.0], fwhm_x_px=[2.0, np.nan],
        fwhm_y_px=[1.0, np.nan], pa=[30.0, np.nan], line_fwhm_chan=[3.0, 3.0],
    )  # fmt: skip
    found = with_sky_columns(found, cube.grid)
    assert np.isnan(found["ra"]).all()
    assert np.isnan(found["dec"]).all()
    assert np.isfinite(found["frequency"]).all()
    assert np.isfinite(found["line_fwhm"]).all()
    for suffix in ("ecsv", "fits", "vot"):
        written = read_catalogue(write_catalogue(found, tmp_path / f"found.{suffix}"))
        np.testing.assert_array_equal(written["x"], [3.0, 5.0])
        assert np.isnan(written["ra"]).all()
    regions = write_catalogue(found, tmp_path / "found.reg").read_text()
    assert "image; ellipse(4.000,5.000,1.0000,0.5000,120.00)" in regions
    assert "image; point(6.000,3.000)" in regions
    assert "nan" not in regions


def test_positions_off_the_projection_alone_are_missing(tmp_path: Path) -> None:
    axes = [{**LON, "CDELT": -20.0}, {**LAT, "CDELT": 20.0}, FREQ]
    cube = read_cube(saved(tmp_path / "c.fits", axes))
    x, y = np.meshgrid(np.arange(NX), np.arange(NY))
    inside = np.hypot((x - AT["x"]) * 20, (y - AT["y"]) * 20) < np.degrees(1.0)
    np.testing.assert_array_equal(np.isfinite(cube.grid.sky_at(x, y).ra.deg), inside)
