"""`read_cube`: headers of every make, and real cubes."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import CELL_DEG, FREQ, KEYS, LAT, LON, NCHAN, NX, NY, STOKES, image, saved, voxels

from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides


@pytest.fixture
def real(shared_data: Path) -> Path:
    """The folder of real cubes."""
    folder = shared_data / "data" / "real"
    if not folder.is_dir():
        pytest.skip("no real cubes in the folder 'shared'")
    return folder


def test_values_are_native_float32_and_everything_is_read(tmp_path: Path) -> None:
    data = voxels()
    data[:, :2, :] = np.nan
    cube = read_cube(saved(tmp_path / "cube.fits", data=data))
    assert cube.data.dtype == np.dtype("=f4")
    assert cube.data.flags.c_contiguous
    np.testing.assert_array_equal(cube.data, data)
    assert cube.beam == Beam(3e-4 * 3600, 2e-4 * 3600, 30.0)
    assert cube.grid.cell_arcsec == pytest.approx(CELL_DEG * 3600)
    assert cube.unit == "Jy/beam"
    assert "notes" not in cube.meta


def test_scaled_integers_and_their_blanks(tmp_path: Path) -> None:
    hdu = image(data=voxels().astype(">f4"))
    hdu.scale("int16", bscale=0.5, bzero=10.0)
    hdu.header["BLANK"] = -32768
    hdu.data[0, 0, 0, 0] = -32768
    hdu.writeto(tmp_path / "cube.fits")
    cube = read_cube(tmp_path / "cube.fits")
    assert np.isnan(cube.data[0, 0, 0])
    # half a step of the quantisation
    np.testing.assert_allclose(cube.data[1:], voxels()[1:], atol=0.25)


def test_infinities_become_blank(tmp_path: Path) -> None:
    data = voxels()
    data[2, 3, 4] = np.inf
    assert np.isnan(read_cube(saved(tmp_path / "cube.fits", data=data)).data[2, 3, 4])


@pytest.mark.parametrize("compressed", [False, True])
def test_cube_in_an_extension(tmp_path: Path, compressed: bool) -> None:
    cube = image()
    if compressed:
        extension = fits.CompImageHDU(
            cube.data, cube.header, compression_type="GZIP_2", quantize_level=0.0
        )
    else:
        extension = fits.ImageHDU(cube.data, cube.header)
    fits.HDUList([fits.PrimaryHDU(), extension]).writeto(tmp_path / "cube.fits")
    np.testing.assert_array_equal(read_cube(tmp_path / "cube.fits").data, voxels())


def test_gzipped_cube(tmp_path: Path) -> None:
    plain = saved(tmp_path / "cube.fits")
    packed = tmp_path / "packed.fits.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    np.testing.assert_array_equal(read_cube(packed).data, voxels())


@pytest.mark.parametrize("key", ["PC001002", "PC01_02", "PC1_2"])
def test_matrix_in_every_spelling(tmp_path: Path, key: str) -> None:
    cube = read_cube(saved(tmp_path / "cube.fits", **{key: 0.25}))
    assert cube.grid.sky.wcs.get_pc()[0, 1] == 0.25


@pytest.mark.parametrize(
    ("bunit", "factor"),
    [
        ("Jy/beam", 1), ("JY/BEAM", 1), ("Jy beam-1", 1), ("Jy.beam^-1", 1), ("Jy beam**-1", 1),
        ("jy/bm", 1), ("mJy/beam", 1e-3), ("MJY/BEAM", 1e-3), ("uJy/beam", 1e-6), (None, 1),
        ("", 1), ("Jy/Beam", 1),
    ],
)  # fmt: skip
def test_units(tmp_path: Path, bunit: str | None, factor: float) -> None:
    cube = read_cube(saved(tmp_path / "cube.fits", BUNIT=bunit))
    np.testing.assert_allclose(cube.data, voxels() * factor, rtol=1e-6)  # float32
    assert cube.unit == "Jy/beam"
    assert ("notes" in cube.meta) == (not bunit or bunit == "MJY/BEAM")


def test_beam_of_each_channel_gives_the_median(tmp_path: Path) -> None:
    n = NCHAN
    pa = np.array([179.0, -1.0, 1.0, 179.0, 180.0, 0.0, 1.0, -1.0, 45.0])
    major = np.full(n, 2.0)
    major[0], pa[0] = 0.0, 0.0  # a blank channel
    columns = [
        fits.Column("BMAJ", "1E", unit="arcsec", array=major),
        fits.Column("BMIN", "1E", unit="arcsec", array=np.full(n, 1.5)),
        fits.Column("BPA", "1E", unit="deg", array=pa),
        fits.Column("CHAN", "1J", array=np.arange(n)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    hdu = image(BMAJ=None, BMIN=None, BPA=None, CASAMBM=True)
    fits.HDUList([hdu, table]).writeto(tmp_path / "cube.fits")
    beam = read_cube(tmp_path / "cube.fits").beam
    assert beam is not None
    assert (beam.major_arcsec, beam.minor_arcsec) == (2.0, 1.5)
    assert abs(beam.pa_deg) < 1.0  # the angles lie on both sides of north


def test_beam_in_aips_history_and_none(tmp_path: Path) -> None:
    hdu = image(BMAJ=None, BMIN=None, BPA=None)
    hdu.writeto(tmp_path / "none.fits")
    assert read_cube(tmp_path / "none.fits").beam is None
    hdu.header["HISTORY"] = "AIPS   CLEAN BMAJ=  1.0000E-03 BMIN=  5.0000E-04 BPA=  -7.50"
    hdu.writeto(tmp_path / "aips.fits")
    assert read_cube(tmp_path / "aips.fits").beam == Beam(3.6, 1.8, -7.5)


def test_rest_frequency_can_be_given(tmp_path: Path) -> None:
    axis = {"CTYPE": "VRAD", "CRVAL": 1e6, "CDELT": 1e4, "CRPIX": 1.0}
    path = saved(tmp_path / "cube.fits", [LON, LAT, axis], RESTFRQ=None)
    assert read_cube(path).grid.nominal
    cube = read_cube(path, Overrides(rest_hz=1.420405751786e9))
    assert cube.grid.freq_hz[0] == pytest.approx(1.420405751786e9 * (1 - 1e6 / 299792458.0))


def _bad(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "bad.fits"
    plain_lon = {**LON, "CTYPE": "LINEAR", "ROLE": "RA-"}
    plain_lat = {**LAT, "CTYPE": "LINEAR", "ROLE": "DEC"}
    if kind == "missing":
        return path
    if kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "text":
        path.write_text("not FITS\n")
    elif kind in ("truncated", "truncated header"):
        whole = saved(tmp_path / "whole.fits").read_bytes()
        path.write_bytes(whole[: len(whole) - 2880 if kind == "truncated" else 500])
    elif kind == "truncated packed":
        whole = saved(tmp_path / "whole.fits", data=voxels(64)).read_bytes()
        path = tmp_path / "bad.fits.gz"
        packed = gzip.compress(whole)
        path.write_bytes(packed[: len(packed) // 2])
    elif kind == "packed truncated":
        whole = saved(tmp_path / "whole.fits", data=voxels(64)).read_bytes()
        path = tmp_path / "bad.fits.gz"
        path.write_bytes(gzip.compress(whole[: len(whole) // 2]))
    elif kind == "all NaN":
        saved(path, data=np.full_like(voxels(), np.nan))
    elif kind == "one axis":
        fits.PrimaryHDU(np.zeros(8, "f4")).writeto(path)
    elif kind == "two axes":
        fits.PrimaryHDU(np.zeros((8, 8), "f4")).writeto(path)
    elif kind == "table only":
        fits.PrimaryHDU().writeto(path)
    elif kind == "zero size":
        hdu = image()
        header = hdu.header.tostring()
        header = header.replace(f"NAXIS1  = {NX:20d}", f"NAXIS1  = {0:20d}")
        path.write_bytes(header.encode())
    elif kind == "no celestial":
        saved(path, [plain_lon, plain_lat, FREQ])
    elif kind == "no spectral":
        saved(path, [LON, LAT, {**FREQ, "CTYPE": "LINEAR"}])
    elif kind == "stokes":
        hdu = image()
        hdu.header["CRVAL4"] = 2.0
        both = np.concatenate([hdu.data, hdu.data])
        fits.PrimaryHDU(both, hdu.header).writeto(path)
    elif kind == "stokes third":
        header = image().header
        cube = np.zeros((9, 4, NY, NX), "f4")
        for key in ("CTYPE", "CRVAL", "CDELT", "CRPIX"):
            header[f"{key}3"], header[f"{key}4"] = STOKES[key], FREQ[key]
        header["CRVAL3"] = -1.0
        header["CDELT3"] = -1.0
        header["CUNIT4"] = header.pop("CUNIT3")
        fits.PrimaryHDU(cube, header).writeto(path)
    elif kind == "kelvin":
        saved(path, BUNIT="K", BMAJ=None)
    elif kind == "moment":
        saved(path, BUNIT="Jy/beam.km/s")
    elif kind == "negative frequencies":
        saved(path, [LON, LAT, {**FREQ, "CRVAL": -1.0}])
    elif kind == "odd header":
        saved(path, [LON, {**LAT, "CTYPE": "DEC--XYZ"}, FREQ])
    return path


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "No such file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("text", "not a FITS file"),
        ("truncated", "truncated"),
        ("truncated header", "truncated"),
        ("truncated packed", "truncated"),
        ("packed truncated", "truncated"),
        ("all NaN", "all NaN"),
        ("one axis", "1 axes"),
        ("two axes", "no celestial axes"),
        ("table only", "no image"),
        ("zero size", "zero size"),
        ("no celestial", "no celestial axes"),
        ("no spectral", "no spectral axis"),
        ("stokes", "has Stokes Q, U; wanted Stokes I"),
        ("stokes third", "has Stokes RR, LL, RL, LR; wanted Stokes I"),
        ("kelvin", "is in K, and its beam is unknown"),
        ("moment", "is in Jy/beam.km/s"),
        ("negative frequencies", "not positive"),
        ("odd header", "cannot be read"),
    ],
)
def test_bad_files_say_what_is_wrong_in_one_line(tmp_path: Path, kind: str, words: str) -> None:
    with pytest.raises(DeepFocusError, match=words) as caught:
        read_cube(_bad(tmp_path, kind))
    assert "bad.fits" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "cube.fits")
    path.chmod(0)

    # the superuser reads everything: let the system refuse
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DeepFocusError, match="Permission denied"):
        read_cube(path)


@pytest.mark.parametrize(
    ("name", "shape", "specsys", "first_hz"),
    [
        ("NGC4324.fits", (21, 100, 100), "LSRK", 115271202000.0 * (1 - 1.45e6 / 299792458.0)),
        ("Orion.methanol.cbc.contsub.image.fits", (41, 100, 100), "LSRK", 229763161321.4),
        ("admit_mom_integ_test_input.fits", (50, 128, 128), "LSRK", 113813299344.9),
        (
            "UGC_1281_Original.fits", (45, 170, 140), "BARYCENT",
            # Miriad: radio velocity; its step is 19531.25 Hz exactly, the correlator's 10 MHz / 512
            1420405719.83 * (1 - (157223.007202 - 22.5608273769459 * 4122.28790176) / 299792458.0),
        ),
    ],
)  # fmt: skip
def test_real_cubes(real: Path, name: str, shape: tuple, specsys: str, first_hz: float) -> None:
    cube = read_cube(real / name)
    assert cube.data.shape == shape
    assert cube.grid.specsys == specsys
    assert cube.grid.freq_hz[0] == pytest.approx(first_hz, rel=1e-12)
    assert cube.beam is not None
    assert cube.grid.rest_hz is not None
    assert np.isfinite(cube.data).any()


def test_ncp_projection_of_a_real_cube(real: Path) -> None:
    cube = read_cube(real / "UGC_1281_Original.fits")
    # Brouw (1971): l = cos d sin da, m = (cos d0 - cos d cos da) / sin d0
    x, y = np.array([0.0, 139.0, 60.0]), np.array([0.0, 169.0, 80.0])
    ra, dec = cube.grid.sky.wcs_pix2world(x, y, 0)
    da, d, d0 = np.radians(ra - 27.383617401123), np.radians(dec), np.radians(32.588996887207)
    el = np.degrees(np.cos(d) * np.sin(da))
    em = np.degrees((np.cos(d0) - np.cos(d) * np.cos(da)) / np.sin(d0))
    cell = 0.00111111112254
    np.testing.assert_allclose(el / -cell + 67.73221658137402 - 1, x, atol=1e-6)
    np.testing.assert_allclose(em / cell + 79.522594590383 - 1, y, atol=1e-6)


def test_real_cube_without_rest_frequency(real: Path) -> None:
    path = real / "tirific_eso121-g6.fits"
    grid = read_cube(path).grid
    assert grid.nominal
    assert grid.velocity_kms(0) == pytest.approx(980.482359467, rel=1e-9)
    np.testing.assert_allclose(grid.width_kms(1.0, np.arange(130)), 3.29803622, rtol=1e-6)
    cube = read_cube(path, Overrides(rest_hz=1.420405751786e9))
    assert cube.data.shape == (130, 64, 64)
    # Miriad: radio velocity
    assert cube.grid.freq_hz[0] == pytest.approx(1.420405751786e9 * (1 - 980482.359467 / 299792458))


@pytest.mark.parametrize("kind", ["dirty", "image", "residual"])
def test_a_real_single_plane(kind: str, real: Path) -> None:
    cube = read_cube(real / f"Pisco.cii.455kms.{kind}.fits")
    assert cube.data.shape == (1, 257, 257)
    # what was restored looks like another beam
    assert (cube.psf is None) == (kind == "image")
    # its name says how wide the channel is
    assert cube.grid.width_kms(1.0, 0.0) == pytest.approx(455.0, abs=0.5)


def test_casa_companions_are_found(tmp_path: Path) -> None:
    saved(tmp_path / "field.image.fits")
    beam = np.zeros((NCHAN, NY, NX), ">f4")
    beam[:, NY // 2, NX // 2] = 2.0  # is normalised
    saved(tmp_path / "field.psf.fits", data=beam, BUNIT="")
    saved(tmp_path / "field.pb.fits", data=np.full_like(beam, 0.5), BUNIT="")
    cube = read_cube(tmp_path / "field.image.fits")
    assert cube.psf is not None
    assert cube.psf.shape == (3, NY, NX)
    assert cube.psf_channels is not None
    np.testing.assert_allclose(cube.psf_channels, [0, NCHAN // 2, NCHAN - 1], atol=1e-6)
    assert cube.psf.max() == 1.0
    assert cube.primary_beam_at(x=np.array([3.0]), y=np.array([4.0])) == 0.5
    shutil.copy(tmp_path / "field.image.fits", tmp_path / "alone.fits")
    assert read_cube(tmp_path / "alone.fits").psf is None


def test_companion_that_does_not_fit_is_left_out_with_a_note(tmp_path: Path) -> None:
    saved(tmp_path / "cube.fits")
    saved(tmp_path / "cube.psf.fits", BUNIT="")  # peak in a corner
    (tmp_path / "cube.pb.fits").write_text("no")
    cube = read_cube(tmp_path / "cube.fits")
    assert cube.psf is None
    assert cube.primary_beam is None
    assert len(cube.meta["notes"]) == 2
    assert KEYS["BUNIT"] == cube.unit


@pytest.mark.parametrize(
    ("turned", "words"),
    [
        ({}, None),
        ({"CROTA2": 0.5}, None),
        ({"CROTA2": 30.0}, "north is 30.0 deg from the y axis"),
        ({"CROTA2": 180.0}, "180.0 deg"),
        ({"CDELT1": CELL_DEG}, "the image is mirrored"),
    ],
)
def test_images_whose_north_is_not_up_say_so(
    tmp_path: Path, turned: dict, words: str | None
) -> None:
    notes = read_cube(saved(tmp_path / "c.fits", **turned)).meta.get("notes", ())
    said = [note for note in notes if "position angles" in note]
    assert (words in said[0]) if words else not said


def test_milli_jansky_and_infinities_are_mended_in_place(tmp_path: Path) -> None:
    data = voxels()
    data[3, 2, 1] = np.inf
    data[4] = np.nan
    cube = read_cube(saved(tmp_path / "c.fits", data=data, BUNIT="mJy/beam"))
    expected = np.where(np.isinf(data), np.nan, data).astype("f4") * np.float32(1e-3)
    np.testing.assert_array_equal(cube.data, expected)


def test_a_projection_whose_reference_is_far_away_is_said(tmp_path: Path) -> None:
    """Plate carree about the equator: at 35 degrees cells are 0.82 as long in right ascension."""
    far = {"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CRVAL2": 0.0}
    hdu = image(**far)
    hdu.header["CRPIX2"] = hdu.header["CRPIX2"] - 35.0 / hdu.header["CDELT2"]
    hdu.writeto(tmp_path / "far.fits")
    said = " ".join(read_cube(tmp_path / "far.fits").meta["notes"])
    assert "cells have 0.82 of the area" in said
    assert "sides of 1 to 1.22" in said
    image(CTYPE1="RA---CAR", CTYPE2="DEC--CAR").writeto(tmp_path / "near.fits")
    near = read_cube(tmp_path / "near.fits").meta.get("notes", ())
    assert not any("projection" in note for note in near)
