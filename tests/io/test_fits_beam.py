"""Beams that an image can have, and those that it cannot: zero, NaN, too small, too large."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import NCHAN, image, saved

from deepfocus.core.cube import Beam, Cube
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides

NONE = {"BMAJ": None, "BMIN": None, "BPA": None}


def _with_table(
    path: Path,
    major: np.ndarray,
    minor: np.ndarray,
    pa: np.ndarray | float = 20.0,
    *,
    unit: str | None = "arcsec",
    **keys: object,
) -> Cube:
    """A cube with an extension BEAMS."""
    n = len(major)
    columns = [
        fits.Column("BMAJ", "1D", unit=unit, array=major),
        fits.Column("BMIN", "1D", unit=unit, array=minor),
        fits.Column("BPA", "1D", unit="deg" if unit else None, array=np.broadcast_to(pa, n)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    fits.HDUList([image(**{**NONE, **keys}), table]).writeto(path)
    return read_cube(path)


def _notes(cube: Cube) -> str:
    return "; ".join(cube.meta.get("notes", ()))


@pytest.mark.parametrize(
    ("major", "minor"),
    [(1e6, 1e6), (2.0, 1.5), (1e-9, 1e-9), (3e-4, 1e-9), (0.0, 0.0), (-3e-4, -2e-4)],
)
def test_a_beam_that_an_image_cannot_have_is_unknown(
    tmp_path: Path, major: float, minor: float
) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", BMAJ=major, BMIN=minor))
    assert cube.beam is None
    assert f"a beam of {major} x {minor} deg is not believed" in _notes(cube)


def test_a_beam_that_is_not_believed_gives_way_to_that_of_the_history(tmp_path: Path) -> None:
    hdu = image(BMAJ=0.0, BMIN=0.0, BPA=0.0)
    hdu.header["HISTORY"] = "AIPS   CLEAN BMAJ=  3.0000E-04 BMIN=  2.0000E-04 BPA=  -7.50"
    hdu.writeto(tmp_path / "c.fits")
    beam = read_cube(tmp_path / "c.fits").beam
    assert beam is not None
    np.testing.assert_allclose(
        [beam.major_arcsec, beam.minor_arcsec, beam.pa_deg], [1.08, 0.72, -7.5]
    )


@pytest.mark.parametrize(("pa", "turned"), [(30.0, 120.0), (120.0, 30.0), (-60.0, 30.0)])
def test_major_below_minor_is_swapped(tmp_path: Path, pa: float, turned: float) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", BMAJ=2e-4, BMIN=3e-4, BPA=pa))
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, turned)
    assert "swapped" in _notes(cube)


def test_major_below_minor_in_the_table_is_swapped(tmp_path: Path) -> None:
    major, minor = np.full(NCHAN, 0.8), np.full(NCHAN, 0.6)
    pa = np.full(NCHAN, 20.0)
    major[:4], minor[:4], pa[:4] = 0.6, 0.8, 110.0  # the same beam
    cube = _with_table(tmp_path / "c.fits", major, minor, pa)
    assert cube.beam is not None
    np.testing.assert_allclose(
        [cube.beam.major_arcsec, cube.beam.minor_arcsec, cube.beam.pa_deg], [0.8, 0.6, 20.0]
    )
    assert "swapped" in _notes(cube)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, 1e9, 1e-7, -0.8])
def test_the_median_of_the_good_beams_is_taken(tmp_path: Path, bad: float) -> None:
    major = np.full(NCHAN, 0.8)
    major[3] = bad
    cube = _with_table(tmp_path / "c.fits", major, major * 0.75)
    assert cube.beam is not None
    assert (cube.beam.major_arcsec, cube.beam.minor_arcsec) == (0.8, pytest.approx(0.6))
    assert f"1 of {NCHAN} beams are not believed: the median" in _notes(cube)


def test_beams_that_change_over_the_band_are_kept(tmp_path: Path) -> None:
    major = 0.8 * np.linspace(0.97, 1.03, NCHAN)
    cube = _with_table(tmp_path / "c.fits", major, 0.75 * major)
    assert cube.beams is not None
    np.testing.assert_allclose(cube.beams.major_arcsec, major)
    assert "differ from" not in _notes(cube)
    same = _with_table(tmp_path / "d.fits", np.full(NCHAN, 0.8), np.full(NCHAN, 0.6))
    assert same.beams is None


def test_beams_that_differ_from_those_beside_them_are_said(tmp_path: Path) -> None:
    major = 0.8 * np.linspace(0.97, 1.03, NCHAN)
    major[5] *= 1.1
    cube = _with_table(tmp_path / "c.fits", major, 0.75 * major)
    assert "differ from those of their neighbours by up to 21% in area" in _notes(cube)


def test_beams_for_another_number_of_channels_have_a_median(tmp_path: Path) -> None:
    major = 0.8 * np.linspace(0.97, 1.03, NCHAN + 1)
    cube = _with_table(tmp_path / "c.fits", major, 0.75 * major)
    assert cube.beams is None
    assert f"BEAMS has {NCHAN + 1} beams for {NCHAN} channels" in _notes(cube)


def test_a_table_without_any_good_beam_gives_way_to_the_header(tmp_path: Path) -> None:
    zero = np.zeros(NCHAN)
    cube = _with_table(tmp_path / "c.fits", zero, zero, BMAJ=3e-4, BMIN=2e-4, BPA=30.0)
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 30.0)
    assert "no beam of the extension BEAMS is believed" in _notes(cube)


@pytest.mark.parametrize(("scale", "unit"), [(1.0, "arcsec"), (1 / 3600, "deg")])
def test_a_table_without_units_is_read_in_what_gives_a_beam(
    tmp_path: Path, scale: float, unit: str
) -> None:
    major = np.full(NCHAN, 0.8) * scale
    cube = _with_table(tmp_path / "c.fits", major, 0.75 * major, unit=None)
    assert cube.beam is not None
    np.testing.assert_allclose(
        [cube.beam.major_arcsec, cube.beam.minor_arcsec, cube.beam.pa_deg], [0.8, 0.6, 20.0]
    )
    assert f"BEAMS has no unit: read in {unit}" in _notes(cube)


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        (fits.ImageHDU(np.ones((4, 4), "f4"), name="BEAMS"), "not a table"),
        (fits.ImageHDU(name="BEAMS"), "not a table"),
        (
            fits.BinTableHDU.from_columns([fits.Column("MAJOR", "1E", array=[1.0])], name="BEAMS"),
            "no columns BMAJ and BMIN",
        ),
        (
            fits.BinTableHDU.from_columns(
                [fits.Column(key, "4A", array=["wide"]) for key in ("BMAJ", "BMIN", "BPA")],
                name="BEAMS",
            ),
            "cannot be read",
        ),
        (
            fits.BinTableHDU.from_columns(
                [fits.Column(key, "1E", unit="Jy", array=[1.0]) for key in ("BMAJ", "BMIN")],
                name="BEAMS",
            ),
            "cannot be read",
        ),
        (
            fits.BinTableHDU.from_columns(
                [
                    fits.Column("BMAJ", "1E", unit="arcsec", array=[1.0]),
                    fits.Column("BMIN", "1E", unit="arcsec", array=[1.0]),
                    fits.Column("BPA", "3E", unit="deg", array=[[10.0, 20.0, 30.0]]),
                ],
                name="BEAMS",
            ),
            "cannot be read",
        ),
    ],
    ids=["image", "empty", "other columns", "text", "other unit", "three angles"],
)
def test_an_extension_that_has_no_beams_is_ignored(
    tmp_path: Path, extension: fits.hdu.base.ExtensionHDU, words: str
) -> None:
    fits.HDUList([image(), extension]).writeto(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits")
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 30.0)
    assert words in _notes(cube)


def _table(chan: np.ndarray, pol: np.ndarray, major: np.ndarray) -> fits.BinTableHDU:
    columns = [
        fits.Column("BMAJ", "1E", unit="arcsec", array=major),
        fits.Column("BMIN", "1E", unit="arcsec", array=0.75 * major),
        fits.Column("BPA", "1E", unit="deg", array=np.full(len(major), 20.0)),
        fits.Column("CHAN", "1J", array=chan),
        fits.Column("POL", "1J", array=pol),
    ]
    return fits.BinTableHDU.from_columns(columns, name="BEAMS")


def test_beams_are_those_of_the_channels_that_they_say(tmp_path: Path) -> None:
    """In any order, and without rows of blank channels."""
    major = 0.8 * np.linspace(0.97, 1.03, NCHAN)
    rows = [each for each in range(NCHAN)[::-1] if each != 4]
    table = _table(np.array(rows), np.zeros(len(rows), int), major[rows])
    fits.HDUList([image(**NONE), table]).writeto(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits")
    assert cube.beams is not None
    major[4] = np.nan
    np.testing.assert_allclose(cube.beams.major_arcsec, major, rtol=1e-6)


@pytest.mark.parametrize(("stokes", "widest"), [(None, 1.0), ("V", 1.3)])
def test_beams_are_those_of_the_polarisation_that_is_read(
    tmp_path: Path, stokes: str | None, widest: float
) -> None:
    """V, U, Q, I in the file, as nobody should have them; I has the narrowest beams."""
    major = 0.8 * np.linspace(0.97, 1.03, NCHAN)
    scales = (1.3, 1.2, 1.1, 1.0)
    table = _table(
        np.tile(np.arange(NCHAN), 4),
        np.repeat(np.arange(4), NCHAN),
        np.concatenate([scale * major for scale in scales]),
    )
    hdu = image(**NONE)
    data = np.concatenate([hdu.data] * 4) if hdu.data.ndim == 4 else np.stack([hdu.data] * 4)
    header = hdu.header.copy()
    header.update(CTYPE4="STOKES", CRVAL4=4.0, CRPIX4=1.0, CDELT4=-1.0)
    fits.HDUList([fits.PrimaryHDU(data, header), table]).writeto(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits", Overrides(stokes=stokes))
    assert cube.beams is not None
    np.testing.assert_allclose(cube.beams.major_arcsec, widest * major, rtol=1e-6)
