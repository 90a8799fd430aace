"""Keys of axes that are missing, no numbers, or of axes that do not matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import CELL_DEG, FREQ, LAT, LON, NCHAN, STOKES, image, saved, voxels

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube

BLANK = {"CTYPE": " ", "CRVAL": 0.0, "CDELT": 0.0, "CRPIX": 0.0, "ROLE": "STO"}
UNNAMED = {"CDELT": 0.0, "ROLE": "STO", "CTYPE": ""}


def _without(axis: dict, key: str) -> dict:
    return {name: value for name, value in axis.items() if name != key}


@pytest.mark.parametrize(
    ("axes", "key"),
    [
        ([LON, LAT, _without(FREQ, "CDELT"), STOKES], "CDELT3"),
        ([LON, LAT, _without(FREQ, "CRVAL"), STOKES], "CRVAL3"),
        ([LON, _without(LAT, "CRVAL"), FREQ, STOKES], "CRVAL2"),
        ([LON, _without(LAT, "CDELT"), FREQ], "CDELT2"),
        ([_without(LON, "CRVAL"), LAT, FREQ], "CRVAL1"),
        ([FREQ, LON, _without(LAT, "CRVAL")], "CRVAL3"),
    ],
)
def test_a_missing_key_is_named(tmp_path: Path, axes: list[dict], key: str) -> None:
    with pytest.raises(DeepFocusError, match=f"has no {key}.*add {key}"):
        read_cube(saved(tmp_path / "c.fits", axes))


@pytest.mark.parametrize("key", ["CRVAL3", "CDELT1", "CRPIX2", "CROTA2", "CD1_1", "LONPOLE"])
def test_text_is_named(tmp_path: Path, key: str) -> None:
    with pytest.raises(DeepFocusError, match=f"has {key} = 'about 3'; wanted a number"):
        read_cube(saved(tmp_path / "c.fits", **{key: "about 3"}))


@pytest.mark.parametrize("value", [True, "nan", "inf"])
def test_no_number_is_named(tmp_path: Path, value: object) -> None:
    with pytest.raises(DeepFocusError, match="has CRVAL3 = "):
        read_cube(saved(tmp_path / "c.fits", [LON, LAT, {**FREQ, "CRVAL": value}]))


@pytest.mark.parametrize("text", ["2.3E11", " 230000000000 ", "2.3D11"])
def test_numbers_as_text_are_read_and_noted(tmp_path: Path, text: str) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, {**FREQ, "CRVAL": text}]))
    np.testing.assert_allclose(cube.grid.freq_hz, 230e9 + 1e6 * (np.arange(NCHAN) - 2), rtol=1e-15)
    assert any("CRVAL3 is text" in note for note in cube.meta["notes"])


@pytest.mark.parametrize("key", ["CDELT1", "CDELT2", "CDELT3"])
def test_a_step_of_zero_is_named(tmp_path: Path, key: str) -> None:
    with pytest.raises(DeepFocusError, match=f"has {key} = 0"):
        read_cube(saved(tmp_path / "c.fits", **{key: 0.0}))


@pytest.mark.parametrize("style", ["CD{}_{}", "PC{}_{}", "PC{:03d}{:03d}"])
def test_a_matrix_counts_as_steps(tmp_path: Path, style: str) -> None:
    axes = [_without(axis, "CDELT") for axis in (LON, LAT, FREQ, STOKES)]
    steps = {1: -CELL_DEG, 2: CELL_DEG, 3: 1e6, 4: 1.0}
    keys = {style.format(i, i): step for i, step in steps.items()}
    cube = read_cube(saved(tmp_path / "c.fits", axes, **keys))
    assert cube.grid.cell_arcsec == pytest.approx(CELL_DEG * 3600)
    np.testing.assert_allclose(np.diff(cube.grid.freq_hz), 1e6, rtol=1e-9)


def test_a_reference_pixel_may_be_left_out(tmp_path: Path) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, _without(FREQ, "CRPIX")]))
    assert cube.grid.freq_hz[0] == 230e9 + 1e6
    assert any("no CRPIX3" in note for note in cube.meta["notes"])


@pytest.mark.parametrize(
    "further",
    [
        {**STOKES, "CDELT": 0.0},
        BLANK,
        UNNAMED,
        {"CTYPE": "LINEAR", "CRVAL": "?", "CDELT": 0.0, "ROLE": "STO"},
        {**FREQ, "CDELT": 0.0, "CTYPE": "VRAD", "ROLE": "STO"},
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_a_degenerate_axis_is_left_out(tmp_path: Path, further: dict, first: bool) -> None:
    axes = [further, LON, LAT, FREQ] if first else [LON, LAT, FREQ, further]
    cube = read_cube(saved(tmp_path / "c.fits", axes))
    np.testing.assert_array_equal(cube.data, voxels())
    assert cube.grid.freq_hz[2] == 230e9
    assert cube.grid.cell_arcsec == pytest.approx(CELL_DEG * 3600)


def test_keys_of_an_axis_that_the_array_has_not_are_left_out(tmp_path: Path) -> None:
    keys = {"CTYPE4": "STOKES", "CDELT4": 0.0, "CRVAL4": 1.0, "WCSAXES": 4}
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, FREQ], **keys))
    np.testing.assert_array_equal(cube.data, voxels())


def test_a_matrix_of_three_axes_leaves_the_fourth_alone(tmp_path: Path) -> None:
    keys = {"CD1_1": -CELL_DEG, "CD2_2": CELL_DEG, "CD3_3": 1e6}
    cube = read_cube(saved(tmp_path / "c.fits", **keys))
    assert cube.grid.freq_hz[3] == 230e9 + 1e6


def test_a_further_axis_that_is_long_is_refused(tmp_path: Path) -> None:
    hdu = image([LON, LAT, FREQ, BLANK])
    data = np.concatenate([hdu.data, hdu.data])
    fits.PrimaryHDU(data, hdu.header).writeto(tmp_path / "c.fits")
    with pytest.raises(DeepFocusError, match=r"a further axis .* of length 2"):
        read_cube(tmp_path / "c.fits")


def test_a_third_axis_of_the_sky_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="more than two celestial axes"):
        read_cube(saved(tmp_path / "c.fits", CTYPE4="DEC--SIN"))


def test_text_in_a_matrix_of_stokes_does_not_matter(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_cube(saved(tmp_path / "c.fits", PC4_4="x")).data, voxels())
