"""Spectral axes and rest frequencies whose unit the header does not tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fits_samples import LAT, LON, NCHAN, REST_HZ, C, saved, voxels

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides

INDEX = np.arange(NCHAN)


def _axis(ctype: str, start: float, step: float) -> dict:
    return {"CTYPE": ctype, "CRVAL": start, "CDELT": step, "CRPIX": 1.0}


def _said(cube: object, words: str) -> bool:
    return any(words in note for note in cube.meta.get("notes", ()))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("start", "step", "rest", "factor", "unit"),
    [
        (230.0, 0.002, REST_HZ, 1e9, "GHz"),
        (230.0, 0.002, 230.538, 1e9, "GHz"),  # neither has a unit
        (230.0, 0.0005, None, 1e9, "GHz"),  # channels of 500 Hz are too narrow for MHz
        (1419.0, 0.02, None, 1e6, "MHz"),  # 1.4 THz is beyond any interferometer
        (1419.0, 0.02, 1420.405751786, 1e6, "MHz"),
        (1.419, 2e-5, None, 1e9, "GHz"),  # so is 1.4 MHz
        (230e3, 2.0, REST_HZ, 1e6, "MHz"),
        (345.0, 0.01, 1036.9e9, 1e9, "GHz"),  # CO(9-8) at z = 2
        (230e9, 2e6, None, 1.0, None),  # FITS's own unit: nothing to say
        (150e6, 2e4, None, 1.0, None),
    ],
)
def test_frequencies_without_a_unit(
    tmp_path: Path, start: float, step: float, rest: float | None, factor: float, unit: str | None
) -> None:
    cube = read_cube(
        saved(tmp_path / "c.fits", [LON, LAT, _axis("FREQ", start, step)], RESTFRQ=rest)
    )
    np.testing.assert_allclose(cube.grid.freq_hz, (start + step * INDEX) * factor, rtol=1e-12)
    assert _said(cube, f"read in {unit}") if unit else not _said(cube, "CUNIT3")


@pytest.mark.parametrize(
    ("ctype", "start", "step", "rest", "words"),
    [
        ("FREQ", 230.0, 0.015625, None, "fits MHz or GHz"),
        ("FREQ", 0.0023, 1e-6, None, "fits no unit"),
        ("FREQ", 230.0, 1e6, REST_HZ, "fits no unit"),  # a mixture: CRVAL in GHz, CDELT in Hz
        ("VRAD", 1000.0, 50.0, REST_HZ, "fits m/s or km/s"),
        ("VRAD", 1e6, 2e6, REST_HZ, "fits no unit"),
        ("WAVE", 1.3, 1e-4, None, "fits m or"),
    ],
)
def test_what_cannot_be_decided_is_an_error(
    tmp_path: Path, ctype: str, start: float, step: float, rest: float | None, words: str
) -> None:
    axes = [LON, LAT, _axis(ctype, start, step)]
    path = saved(tmp_path / "c.fits", axes, voxels(40), RESTFRQ=rest)
    with pytest.raises(DeepFocusError, match=f"no CUNIT3.*({words}).*add CUNIT3"):
        read_cube(path)


@pytest.mark.parametrize(
    ("start", "step", "rest", "keys", "kms", "noted"),
    [
        (1450.0, 20.0, 1.420405751786e9, {}, 1.0, True),  # 20 m/s at H I is 95 Hz
        (1450.0, 5.0, REST_HZ, {}, 1.0, True),  # nine channels of 5 m/s make no band
        (-40.0, 0.5, REST_HZ, {}, 1.0, True),
        (1.45e6, 5e3, REST_HZ, {}, 1e-3, False),
        (-4e4, 500.0, REST_HZ, {}, 1e-3, False),  # 40 km/s; 40 000 km/s in steps of 500 as well
        (1.45e6, 300.0, REST_HZ, {}, 1e-3, False),
        (5e3, 200.0, REST_HZ, {"ORIGIN": "Miriad fits"}, 1e-3, False),
    ],
)
def test_velocities_without_a_unit(
    tmp_path: Path, start: float, step: float, rest: float, keys: dict, kms: float, noted: bool
) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, _axis("VRAD", start, step)], RESTFRQ=rest, **keys)
    if start == -4e4:
        with pytest.raises(DeepFocusError, match="fits m/s or km/s"):
            read_cube(path)
        return
    grid = read_cube(path).grid
    np.testing.assert_allclose(grid.velocity_kms(INDEX), (start + step * INDEX) * kms, rtol=1e-9)
    assert _said(read_cube(path), "read in km/s") == noted


def test_wavelengths_without_a_unit(tmp_path: Path) -> None:
    wave = 1.3 + 1e-5 * INDEX
    path = saved(tmp_path / "c.fits", [LON, LAT, _axis("WAVE", 1.3, 1e-5)])
    cube = read_cube(path)  # the rest frequency of CO says millimetres
    np.testing.assert_allclose(cube.grid.freq_hz, C / (wave * 1e-3), rtol=1e-12)
    assert _said(cube, "read in mm")


@pytest.mark.parametrize(
    ("value", "hz", "words"),
    [
        (230.538, 230.538e9, "read in GHz"),
        (230538.0, 230.538e9, "read in MHz"),
        ("230.538E9", 230.538e9, "is text"),
        ("2.30538D11", 230.538e9, "is text"),
        ("230.538 GHz", 230.538e9, "is text"),
        (230.538e9, 230.538e9, None),
        (1.420405751786e9, 1.420405751786e9, None),  # left over from another set-up
        (1900.5369, 1900.5369e9, "read in GHz"),  # [C II] at z = 7
    ],
)
@pytest.mark.parametrize("key", ["RESTFRQ", "RESTFREQ"])
def test_rest_frequency_of_a_frequency_axis(
    tmp_path: Path, key: str, value: float | str, hz: float, words: str | None
) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", **{"RESTFRQ": None, key: value}))
    assert cube.grid.rest_hz == pytest.approx(hz, rel=1e-12)
    assert _said(cube, words) if words else not _said(cube, key)
    # whatever it is, a channel is c dnu / nu at its own frequency
    assert cube.grid.width_kms(1.0, 2.0) == pytest.approx(C / 1e3 * 1e6 / 230e9, rel=1e-9)


@pytest.mark.parametrize(
    ("value", "hz"), [(230.538, 230.538e9), (1420.4, 1.4204e9), (115271.2, 115.2712e9)]
)
def test_rest_frequency_of_a_velocity_axis(tmp_path: Path, value: float, hz: float) -> None:
    axes = [LON, LAT, _axis("VRAD", 1.2e6, 5e3)]
    cube = read_cube(saved(tmp_path / "c.fits", axes, RESTFRQ=value))
    np.testing.assert_allclose(cube.grid.freq_hz, hz * (1 - (1.2e6 + 5e3 * INDEX) / C), rtol=1e-12)
    assert _said(cube, "RESTFRQ")


@pytest.mark.parametrize("value", [1900.54, 0.02, -3.0, "CO(2-1)", 2e7])
def test_a_rest_frequency_that_says_nothing_is_an_error_where_it_is_needed(
    tmp_path: Path, value: float | str
) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, _axis("VRAD", 1.2e6, 5e3)], RESTFRQ=value)
    with pytest.raises(DeepFocusError, match=r"RESTFRQ.*--rest-frequency"):
        read_cube(path)
    assert read_cube(path, Overrides(rest_hz=REST_HZ)).grid.rest_hz == REST_HZ


def test_a_rest_frequency_that_says_nothing_is_left_out_where_it_is_not(tmp_path: Path) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", RESTFRQ=0.02))
    assert cube.grid.rest_hz is None
    assert _said(cube, "RESTFRQ = 0.02")


@pytest.mark.parametrize(
    "axis",
    [
        {"CTYPE": "FREQ", "CRVAL": 230.0, "CDELT": 1e-3, "CRPIX": 1.0, "CUNIT": "Hz"},
        {"CTYPE": "FREQ", "CRVAL": 230e9, "CDELT": 1.0, "CRPIX": 1.0, "CUNIT": "Hz"},
        {"CTYPE": "FREQ", "CRVAL": 230e9, "CDELT": 1e6, "CRPIX": 1.0, "CUNIT": "GHz"},
    ],
)
def test_a_unit_that_is_wrong_is_an_error(tmp_path: Path, axis: dict) -> None:
    with pytest.raises(DeepFocusError, match="wanted frequencies of a radio telescope"):
        read_cube(saved(tmp_path / "c.fits", [LON, LAT, axis]))
