"""Which HDU is the cube, and what it takes from the primary HDU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import FREQ, LAT, LON, image, saved, voxels

from deepfocus.api import read
from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides

SCI = voxels()
OTHER = voxels() + 1e4


def _extension(name: str | None, data: np.ndarray = OTHER, **keys: object) -> fits.ImageHDU:
    hdu = image([LON, LAT, FREQ], data=data, **keys)
    return fits.ImageHDU(hdu.data, hdu.header, name=name)


def _file(path: Path, *extensions: fits.ImageHDU, **primary: object) -> Path:
    first = fits.PrimaryHDU()
    first.header.update(primary)
    fits.HDUList([first, *extensions]).writeto(path)
    return path


@pytest.mark.parametrize(
    "name",
    ["WEIGHT", "WHT", "MASK", "ERR", "ERROR", "DQ", "COVERAGE", "EXPTIME", "NOISE", "RMS", "VAR",
     "PSF", "PB", "SCI_ERR", "data_mask", "DATACOVERAGE"],
)  # fmt: skip
@pytest.mark.parametrize("science", ["SCI", "IMAGE", "DATA", "PRIMARY_IMAGE", None])
def test_what_comes_along_is_not_taken_for_the_image(
    tmp_path: Path, name: str, science: str | None
) -> None:
    # both carry the unit and the beam, as files often do
    path = _file(tmp_path / "c.fits", _extension(name), _extension(science, SCI))
    cube = read_cube(path)
    np.testing.assert_array_equal(cube.data, SCI)
    assert f"not HDU 1 ({name.upper()})" in cube.meta["notes"][0]


@pytest.mark.parametrize(
    "keys", [{"BUNIT": "1"}, {"BUNIT": "counts"}, {"BUNIT": None}, {"BMAJ": None}]
)
def test_without_names_unit_and_beam_tell(tmp_path: Path, keys: dict[str, object]) -> None:
    path = _file(tmp_path / "c.fits", _extension(None, **keys), _extension(None, SCI))
    np.testing.assert_array_equal(read_cube(path).data, SCI)


def test_integers_count_less_and_a_cube_more_than_an_image(tmp_path: Path) -> None:
    whole = _extension(None, OTHER)
    whole.scale("int16")
    flat = _extension(None, OTHER[:1])
    path = _file(tmp_path / "c.fits", whole, flat, _extension(None, SCI))
    np.testing.assert_array_equal(read_cube(path).data, SCI)


def test_the_first_of_equals_is_taken_and_said(tmp_path: Path) -> None:
    path = _file(tmp_path / "c.fits", _extension("A", SCI), _extension("B"))
    cube = read_cube(path)
    np.testing.assert_array_equal(cube.data, SCI)
    assert cube.meta["notes"] == ("HDU 1 (A) was read, not HDU 2 (B)",)


@pytest.mark.parametrize("hdu", [2, "2", "SCI", "sci", "SCI,2"])
def test_an_hdu_can_be_asked_for(tmp_path: Path, hdu: int | str) -> None:
    second = _extension("SCI", SCI)
    second.header["EXTVER"] = 2
    path = _file(tmp_path / "c.fits", _extension("WEIGHT"), second)
    cube = read_cube(path, Overrides(hdu=hdu))
    np.testing.assert_array_equal(cube.data, SCI)
    assert "notes" not in cube.meta
    np.testing.assert_array_equal(read_cube(path, Overrides(hdu="WEIGHT")).data, OTHER)


def test_an_hdu_can_be_asked_for_in_memory(tmp_path: Path) -> None:
    path = _file(tmp_path / "c.fits", _extension("WEIGHT"), _extension("SCI", SCI))
    with fits.open(path) as hdus:
        np.testing.assert_array_equal(read(hdus).data, SCI)
        np.testing.assert_array_equal(read(hdus, hdu="WEIGHT").data, OTHER)


@pytest.mark.parametrize(
    ("hdu", "words"),
    [
        (7, r"has no HDU 7; wanted one of its HDUs: the primary HDU, HDU 1 \(SCI\)"),
        ("ERR", "has no HDU ERR"),
        ("SCI,3", "has no HDU SCI,3"),
        (0, "contains no image"),
    ],
)
def test_an_hdu_that_is_not_there_is_an_error(tmp_path: Path, hdu: int | str, words: str) -> None:
    path = _file(tmp_path / "c.fits", _extension("SCI"))
    with pytest.raises(DeepFocusError, match=words):
        read_cube(path, Overrides(hdu=hdu))


@pytest.mark.parametrize("inherit", [True, False, None])
def test_unit_and_beam_of_the_primary_hdu_count(tmp_path: Path, inherit: bool | None) -> None:
    keys = {"BUNIT": None, "BMAJ": None, "BMIN": None, "BPA": None, "RESTFRQ": None}
    extension = _extension("SCI", SCI, **keys)
    if inherit is not None:
        extension.header["INHERIT"] = inherit
    primary = {"BUNIT": "mJy/beam", "BMAJ": 3e-4, "BMIN": 2e-4, "BPA": 30.0, "RESTFRQ": 2.3e11}
    cube = read_cube(_file(tmp_path / "c.fits", extension, **primary))
    np.testing.assert_allclose(cube.data, SCI * 1e-3, rtol=1e-6)  # float32
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 30.0)
    assert cube.grid.rest_hz == 2.3e11
    assert cube.meta["notes"] == ("BUNIT and BMAJ taken from the primary HDU",)


def test_what_the_extension_says_itself_goes_first(tmp_path: Path) -> None:
    extension = _extension("SCI", SCI, BUNIT="Jy/beam")
    extension.header["INHERIT"] = True
    primary = {"BUNIT": "mJy/beam", "BMAJ": 5e-4, "BMIN": 5e-4, "BPA": 0.0}
    cube = read_cube(_file(tmp_path / "c.fits", extension, **primary))
    np.testing.assert_array_equal(cube.data, SCI)
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 30.0)
    assert "notes" not in cube.meta


def test_inherit_brings_the_axes_too(tmp_path: Path) -> None:
    extension = _extension("SCI", SCI)
    moved = {key: extension.header.pop(key) for key in ("CTYPE3", "CRVAL3", "CDELT3", "CUNIT3")}
    extension.header["INHERIT"] = True
    cube = read_cube(_file(tmp_path / "c.fits", extension, **moved))
    reference = read_cube(saved(tmp_path / "plain.fits", [LON, LAT, FREQ]))
    np.testing.assert_array_equal(cube.grid.freq_hz, reference.grid.freq_hz)


def test_the_unit_of_another_image_counts_only_if_it_is_a_brightness(tmp_path: Path) -> None:
    moment = fits.PrimaryHDU(np.ones((8, 8), "f4"))
    moment.header["BUNIT"] = "Jy/beam.km/s"
    fits.HDUList([moment, _extension("SCI", SCI, BUNIT=None)]).writeto(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits")
    np.testing.assert_array_equal(cube.data, SCI)
    assert cube.meta["notes"] == ("no BUNIT: read as Jy/beam",)


def test_the_beam_in_the_history_of_the_primary_hdu_counts(tmp_path: Path) -> None:
    first = fits.PrimaryHDU()
    first.header["HISTORY"] = "AIPS   CLEAN BMAJ=  3.0000E-04 BMIN=  2.0000E-04 BPA=   5.00"
    extension = _extension("SCI", SCI, BMAJ=None, BMIN=None, BPA=None)
    fits.HDUList([first, extension]).writeto(tmp_path / "c.fits")
    beam = read_cube(tmp_path / "c.fits").beam
    assert beam is not None
    assert beam.pa_deg == 5.0
