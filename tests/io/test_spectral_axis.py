"""Velocity axes without a rest frequency: the cube is searched in velocity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fits_samples import LAT, LON, NCHAN, NX, NY, saved

from deepfocus.core.catalogue import catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.in_words import cube_in_words
from deepfocus.finders.sky_columns import with_sky_columns
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides
from deepfocus.io.write_cube import write_cube

V = 980e3 + 3.3e3 * np.arange(NCHAN)


def _axis(ctype: str, unit: str = "m/s", start: float = V[0], step: float = V[1] - V[0]) -> dict:
    return {"CTYPE": ctype, "CRVAL": start, "CDELT": step, "CRPIX": 1.0, "CUNIT": unit}


@pytest.mark.parametrize("rest", [None, 0.0])
@pytest.mark.parametrize(
    "axis",
    [
        _axis("VRAD"),
        _axis("VOPT"),
        _axis("VELO-LSR"),
        _axis("VELO"),
        _axis("VRAD", "km/s", V[0] / 1e3, (V[1] - V[0]) / 1e3),
        _axis("ZOPT", "", V[0] / 299792458.0, (V[1] - V[0]) / 299792458.0),
    ],
)
def test_velocities_and_widths_are_those_of_the_axis(
    tmp_path: Path, axis: dict, rest: float | None
) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, axis], RESTFRQ=rest))
    channel = np.arange(NCHAN)
    np.testing.assert_allclose(cube.grid.velocity_kms(channel), V / 1e3, rtol=1e-9)
    np.testing.assert_allclose(cube.grid.width_kms(1.0, channel), 3.3, rtol=1e-6)
    assert cube.grid.nominal
    assert sum("without a rest frequency" in note for note in cube.meta["notes"]) == 1
    found = with_sky_columns(catalogue(rows=1, x=[3.0], y=[4.0], channel=[4.0]), cube.grid)
    assert np.isnan(found["frequency"][0])
    assert np.isfinite(found["ra"][0])
    assert "980 to 1006.4 km/s in channels of 3.3 km/s" in cube_in_words(cube)


def test_it_is_written_as_it_was_read(tmp_path: Path) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, _axis("VRAD")], RESTFRQ=None))
    again = read_cube(write_cube(cube, tmp_path / "again.fits")[0])
    assert again.grid.nominal
    np.testing.assert_allclose(again.grid.velocity_kms(np.arange(NCHAN)), V / 1e3, rtol=1e-9)


@pytest.mark.parametrize("ctype", ["FELO-HEL", "VOPT-F2W"])
def test_an_axis_regular_in_frequency_needs_one(tmp_path: Path, ctype: str) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, _axis(ctype)], RESTFRQ=None)
    with pytest.raises(DeepFocusError, match="rest"):
        read_cube(path)


def test_beyond_the_speed_of_light_it_needs_one(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, _axis("VOPT", start=6e8)], RESTFRQ=None)
    with pytest.raises(DeepFocusError, match=r"speed of light.*--rest-frequency"):
        read_cube(path)
    # CO at z = 2
    assert read_cube(path, Overrides(rest_hz=230.538e9)).grid.freq_hz[0] == pytest.approx(
        230.538e9 / (1 + 6e8 / 299792458.0), rel=1e-12
    )


@pytest.mark.parametrize("keys", [{"VELREF": 257}, {}])
def test_companions_are_read_as_the_cube_was(tmp_path: Path, keys: dict) -> None:
    axes = [LON, LAT, _axis("VELO-LSR", start=9e6)]
    saved(tmp_path / "c.fits", axes, RESTFRQ=None, **keys)
    beam = np.zeros((NCHAN, NY, NX), ">f4")
    beam[:, NY // 2, NX // 2] = 1.0
    saved(tmp_path / "c.psf.fits", axes, beam, BUNIT="", RESTFRQ=None, **keys)
    for said in ({}, {"rest_hz": 1.42e9}, {"rest_hz": 1.42e9, "velocity": "radio"}):
        cube = read_cube(tmp_path / "c.fits", Overrides(**said))
        assert cube.psf_channels is not None
        np.testing.assert_allclose(cube.psf_channels, [0, NCHAN // 2, NCHAN - 1], atol=1e-6)


def test_kelvin_need_a_frequency(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, _axis("VRAD")], RESTFRQ=None, BUNIT="K")
    with pytest.raises(DeepFocusError, match=r"in K, on a velocity axis.*--rest-frequency"):
        read_cube(path)
    assert np.isfinite(read_cube(path, Overrides(rest_hz=230.538e9)).data).all()
