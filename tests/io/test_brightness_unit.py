"""Units of brightness: every spelling of them, and what converts each to Jy/beam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import CELL_DEG, FREQ, KEYS, NCHAN, image, saved, voxels

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube

BEAM_SR = np.pi / (4 * np.log(2)) * np.radians(KEYS["BMAJ"]) * np.radians(KEYS["BMIN"])
K_B, C = 1.380649e-23, 299792458.0


@pytest.mark.parametrize(
    ("bunit", "factor"),
    [
        ("beam-1 Jy", 1), ("beam^-1 mJy", 1e-3), ("Jy / beam", 1), ("JANSKY/BEAM", 1),
        ("Jansky/beam", 1), ("JY BEAM-1", 1), ("1e-3 Jy/beam", 1e-3), ("10**-3 Jy/beam", 1e-3),
        ("1E-3 JY/BEAM", 1e-3), ("UJY/BEAM", 1e-6), ("nJy/beam", 1e-9),
        ("kJy/beam", 1e3), ("milliJy/beam", 1e-3), ("mjy/beam", 1e-3), ("Jy/(beam)", 1),
        ("Jy beam**(-1)", 1), ("Jybeam-1", 1), ("W/m2/Hz/beam", 1e26),
    ],
)  # fmt: skip
def test_flux_densities_per_beam(tmp_path: Path, bunit: str, factor: float) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", BUNIT=bunit))
    np.testing.assert_allclose(cube.data, voxels() * factor, rtol=1e-6)  # float32
    assert cube.unit == "Jy/beam"
    assert "notes" not in cube.meta


@pytest.mark.parametrize(
    ("bunit", "kelvin"),
    [("K", 1), ("mK", 1e-3), ("MK", 1e-3), ("Kelvin", 1), ("KELVIN", 1), ("K (Tb)", 1)],
)
def test_brightness_temperatures(tmp_path: Path, bunit: str, kelvin: float) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", BUNIT=bunit))
    freq = FREQ["CRVAL"] + FREQ["CDELT"] * (np.arange(NCHAN) - FREQ["CRPIX"] + 1)
    jy_beam = 2 * K_B * (freq / C) ** 2 * BEAM_SR * 1e26 * kelvin  # Rayleigh-Jeans
    np.testing.assert_allclose(cube.data, voxels() * jy_beam[:, None, None], rtol=1e-6)
    assert any("Rayleigh-Jeans" in note for note in cube.meta["notes"])


def test_temperatures_through_the_beam_of_each_channel(tmp_path: Path) -> None:
    major = 1.0 + 0.1 * np.arange(NCHAN)
    columns = [
        fits.Column("BMAJ", "1E", unit="arcsec", array=major),
        fits.Column("BMIN", "1E", unit="arcsec", array=np.full(NCHAN, 0.8)),
        fits.Column("BPA", "1E", unit="deg", array=np.zeros(NCHAN)),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="BEAMS")
    path = tmp_path / "c.fits"
    fits.HDUList([image(BUNIT="K", BMAJ=None, BMIN=None, BPA=None), table]).writeto(path)
    single = read_cube(saved(tmp_path / "one.fits", BUNIT="K")).data
    ratio = major * 0.8 / (KEYS["BMAJ"] * KEYS["BMIN"] * 3600**2)
    np.testing.assert_allclose(read_cube(path).data, single * ratio[:, None, None], rtol=1e-5)


@pytest.mark.parametrize(
    ("bunit", "jy_sr"),
    [("MJy/sr", 1e6), ("MJY/SR", 1e6), ("Jy/arcsec2", 1 / np.radians(1 / 3600) ** 2)],
)
def test_flux_densities_per_solid_angle(tmp_path: Path, bunit: str, jy_sr: float) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", BUNIT=bunit))
    np.testing.assert_allclose(cube.data, voxels() * jy_sr * BEAM_SR, rtol=1e-6)
    assert any("solid angle of the beam" in note for note in cube.meta["notes"])


@pytest.mark.parametrize("bunit", ["Jy/pixel", "JY/PIXEL", "Jy/pix"])
def test_flux_densities_per_pixel(tmp_path: Path, bunit: str) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", BUNIT=bunit))
    pixels = BEAM_SR / np.radians(CELL_DEG) ** 2
    # the cell is that of the tangent point, and the projection changes it little
    np.testing.assert_allclose(cube.data, voxels() * pixels, rtol=1e-5)
    assert any("taken to have been convolved" in note for note in cube.meta["notes"])


@pytest.mark.parametrize("bunit", ["K", "MJy/sr", "Jy/pixel"])
def test_what_needs_a_beam_says_so_where_there_is_none(tmp_path: Path, bunit: str) -> None:
    path = saved(tmp_path / "c.fits", BUNIT=bunit, BMAJ=None, BMIN=None, BPA=None)
    with pytest.raises(DeepFocusError, match=rf"is in {bunit}, and its beam is unknown.*add BMAJ"):
        read_cube(path)


@pytest.mark.parametrize(
    "bunit", ["Jy/beam.km/s", "Jy beam-1 km s-1", "JY/BEAM.KM/S", "K km/s", "K.km/s", "km/s"]
)
def test_moment_maps_are_refused(tmp_path: Path, bunit: str) -> None:
    with pytest.raises(DeepFocusError, match=r"is in .*give the cube, not its moment map"):
        read_cube(saved(tmp_path / "c.fits", BUNIT=bunit))


@pytest.mark.parametrize(
    "bunit",
    ["Jy", "counts", "1", "dimensionless", "Jy beam", "Jybeam", "K (Ta*)", "beam", "MJy/beam"],
)
def test_what_is_no_brightness_is_refused(tmp_path: Path, bunit: str) -> None:
    with pytest.raises(DeepFocusError, match=r"is in .*set BUNIT"):
        read_cube(saved(tmp_path / "c.fits", BUNIT=bunit))


@pytest.mark.parametrize(
    "keys",
    [
        {"BTYPE": "Spectral Index"},
        {"EXTNAME": "MASK"},
        {"EXTNAME": "WEIGHT_MAP"},
        {"BTYPE": "Beam"},
    ],
)
def test_a_map_without_a_unit_that_says_it_is_no_image_is_refused(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    with pytest.raises(DeepFocusError, match="no image of the sky"):
        read_cube(saved(tmp_path / "c.fits", BUNIT=None, **keys))


def test_a_mask_is_refused_by_its_values(tmp_path: Path) -> None:
    mask = (voxels() % 7 == 0).astype(">f4")
    with pytest.raises(DeepFocusError, match="no values but 0 and 1"):
        read_cube(saved(tmp_path / "c.fits", data=mask))
