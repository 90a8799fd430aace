"""Files whose cells are not square: units, beams, and the same cells when they are written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from fits_samples import FREQ, LAT, LON, NX, NY, image, voxels

from deepfocus.core.cube import Beam, Cube
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.in_memory import cube_of_array
from deepfocus.io.write_cube import write_cube

ARCSEC = 1 / 3600
BEAM = {"BMAJ": 0.9 * ARCSEC, "BMIN": 0.6 * ARCSEC, "BPA": 30.0}
AREA_ARCSEC2 = np.pi / (4 * np.log(2)) * 0.9 * 0.6
TALL = ({**LON, "CDELT": -0.1 * ARCSEC}, {**LAT, "CDELT": 0.2 * ARCSEC}, FREQ)
SHEAR = {"PC1_1": 1.0, "PC1_2": 0.4, "PC2_1": 0.0, "PC2_2": 1.0}
TURN = {"PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8}


def _cube(folder: Path, **keys: object) -> Cube:
    path = folder / "c.fits"
    image(list(TALL), **{**BEAM, **keys}).writeto(path)
    return read_cube(path)


@pytest.mark.parametrize("matrix", [{}, SHEAR, TURN])
def test_jy_per_pixel_becomes_jy_per_beam_by_the_area_of_a_cell(
    tmp_path: Path, matrix: dict[str, float]
) -> None:
    cube = _cube(tmp_path, BUNIT="Jy/pixel", **matrix)
    # all three matrices keep areas
    factor = AREA_ARCSEC2 / (0.1 * 0.2)
    np.testing.assert_allclose(cube.data, voxels() * factor, rtol=1e-6)
    assert cube.beam is not None
    assert cube.beam.area_px(cube.grid.cell_arcsec) == pytest.approx(factor)


def test_a_surface_brightness_knows_no_cells(tmp_path: Path) -> None:
    cube = _cube(tmp_path, BUNIT="MJy/sr")
    steradian = AREA_ARCSEC2 * np.deg2rad(ARCSEC) ** 2
    np.testing.assert_allclose(cube.data, voxels() * 1e6 * steradian, rtol=1e-6)


@pytest.mark.parametrize("matrix", [{}, SHEAR, TURN])
def test_written_and_read_again_the_cells_are_the_same(
    tmp_path: Path, matrix: dict[str, float]
) -> None:
    cube = _cube(tmp_path, **matrix)
    (path, *_) = write_cube(cube, tmp_path / "again.fits")
    again = read_cube(path)
    np.testing.assert_allclose(
        again.grid.sky.pixel_scale_matrix, cube.grid.sky.pixel_scale_matrix, rtol=1e-12, atol=1e-20
    )
    assert again.grid.cell_arcsec == pytest.approx(np.sqrt(0.02))
    assert not again.grid.square_cells
    assert again.beam == cube.beam


def test_written_with_a_matrix_of_steps_too(tmp_path: Path) -> None:
    path = tmp_path / "c.fits"
    hdu = image(list(TALL), **BEAM)
    for axis in (1, 2):
        del hdu.header[f"CDELT{axis}"]
    hdu.header.update(CD1_1=-1e-5, CD1_2=2e-5, CD2_1=1e-5, CD2_2=4e-5, CD3_3=FREQ["CDELT"])
    hdu.writeto(path)
    cube = read_cube(path)
    assert cube.grid.cell_arcsec == pytest.approx(3600 * np.sqrt(6e-10))
    (path, *_) = write_cube(cube, tmp_path / "again.fits")
    again = read_cube(path).grid.sky
    np.testing.assert_allclose(again.pixel_scale_matrix, [[-1e-5, 2e-5], [1e-5, 4e-5]], rtol=1e-12)


def test_an_array_with_oblong_cells(tmp_path: Path) -> None:
    hdu = image(list(TALL), **BEAM)
    cube = cube_of_array(hdu.data.astype("f4"), WCS(hdu.header), beam=Beam(0.9, 0.6, 30.0))
    assert cube.beam is not None
    assert cube.beam.area_px(cube.grid.cell_arcsec) == pytest.approx(AREA_ARCSEC2 / 0.02)
    assert any(note.startswith("cells of 0.1 x 0.2 arcsec") for note in cube.meta["notes"])


def test_a_beam_is_believed_by_the_sides_of_a_cell(tmp_path: Path) -> None:
    # 12 x 10 pixels of 0.1 x 0.2 arcsec: a beam of 12 arcsec is one of 60 long cells
    assert (NX, NY) == (12, 10)
    assert _cube(tmp_path, BMAJ=12 * ARCSEC, BMIN=12 * ARCSEC).beam is not None
    (tmp_path / "c.fits").unlink()
    assert _cube(tmp_path, BMAJ=13 * ARCSEC, BMIN=13 * ARCSEC).beam is None
    (tmp_path / "c.fits").unlink()
    assert _cube(tmp_path, BMAJ=0.03 * ARCSEC, BMIN=0.03 * ARCSEC).beam is not None


def test_long_cells_are_said_to_cost_sensitivity(tmp_path: Path) -> None:
    path = tmp_path / "c.fits"
    image([{**LON, "CDELT": -0.1 * ARCSEC}, {**LAT, "CDELT": 0.3 * ARCSEC}, FREQ]).writeto(path)
    assert any("in cells this long" in note for note in read_cube(path).meta["notes"])


def test_square_within_a_per_mille_is_not_worth_a_note(tmp_path: Path) -> None:
    path = tmp_path / "c.fits"
    image([LON, {**LAT, "CDELT": LAT["CDELT"] * 1.0008}, FREQ]).writeto(path)
    cube = read_cube(path)
    assert cube.grid.square_cells
    assert not any("cells" in note for note in cube.meta.get("notes", ()))
    assert fits.getheader(path)["CDELT2"] != -fits.getheader(path)["CDELT1"]
