"""Whatever the order of the axes and the kind of the spectral one, physics comes out the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from fits_samples import (
    FREQ,
    LAT,
    LON,
    NCHAN,
    NX,
    NY,
    REST_HZ,
    STOKES,
    C,
    image,
    sin_position,
    voxels,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfocus.io.fits_cube import read_cube

V0 = 1.2e6  # m/s at the reference pixel
DV = 5e3
REF = 3  # reference channel, counted from 1


def _radio(v: np.ndarray) -> np.ndarray:
    return REST_HZ * (1 - v / C)


def _optical(v: np.ndarray) -> np.ndarray:
    return REST_HZ / (1 + v / C)


def _relativistic(v: np.ndarray) -> np.ndarray:
    return REST_HZ * np.sqrt((1 - v / C) / (1 + v / C))


def _felo(sign: int, n: int) -> np.ndarray:
    """Regular in frequency: the step that gives DV of optical velocity at the reference."""
    f0 = _optical(np.array(V0))
    return f0 - sign * DV * f0**2 / (C * REST_HZ) * (np.arange(1, n + 1) - REF)


def _velocity_axis(ctype: str, unit: str, sign: int) -> dict:
    scale = {"m/s": 1.0, "km/s": 1e-3, "M/S": 1.0, "KM/S": 1e-3, "": 1.0}[unit]
    return {
        "CTYPE": ctype, "CRVAL": V0 * scale, "CDELT": sign * DV * scale, "CRPIX": float(REF),
        "CUNIT": unit,
    }  # fmt: skip


KINDS = {
    "VRAD": (_radio, {}),
    "VOPT": (_optical, {}),
    "VELO": (_relativistic, {}),
    "FELO": (None, {}),
    "FELO-HEL": (None, {"VELREF": 2}),
    "VOPT-F2W": (None, {}),
    "VELO-LSR": (_radio, {"VELREF": 257}),
    "VELO-HEL": (_optical, {"VELREF": 2}),
    "VELO-OBS": (_radio, {"ORIGIN": "Miriad fits"}),
    "VELO-BAR": (_optical, {}),
}
FREQ_UNITS = {"Hz": 1.0, "HZ": 1.0, "GHz": 1e-9, "GHZ": 1e-9, "MHz": 1e-6}


@st.composite
def spectral_axes(draw: st.DrawFn) -> tuple[dict, np.ndarray, dict]:
    """An axis, the frequencies it stands for, and the header keys it needs."""
    sign = draw(st.sampled_from([1, -1]))
    kind = draw(st.sampled_from(["FREQ", "FREQ-LSR", *KINDS]))
    index = np.arange(1, NCHAN + 1)
    if kind.startswith("FREQ"):
        unit = draw(st.sampled_from(list(FREQ_UNITS)))
        hz = FREQ["CRVAL"] + sign * 1e6 * (index - REF)
        scale = FREQ_UNITS[unit]
        values = {"CRVAL": FREQ["CRVAL"] * scale, "CDELT": sign * 1e6 * scale}
        return {"CTYPE": kind, "CRPIX": float(REF), "CUNIT": unit, **values}, hz, {}
    relation, keys = KINDS[kind]
    axis = _velocity_axis(kind, draw(st.sampled_from(["m/s", "km/s", "M/S", "KM/S", ""])), sign)
    if relation is None:
        return axis, _felo(sign, NCHAN), keys
    return axis, relation(V0 + sign * DV * (index - REF)), keys


@settings(max_examples=60, deadline=None)
@given(
    spectral=spectral_axes(),
    order=st.permutations([0, 1, 2, 3]),
    stokes=st.booleans(),
    rest_key=st.sampled_from(["RESTFRQ", "RESTFREQ"]),
)
def test_any_order_of_axes_gives_the_same_physics(
    spectral: tuple[dict, np.ndarray, dict], order: list[int], stokes: bool, rest_key: str
) -> None:
    axis, hz, keys = spectral
    axes = [[LON, LAT, axis, STOKES][i] for i in order]
    if not stokes:
        axes.remove(STOKES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cube.fits"
        image(axes, **{**keys, "RESTFRQ": None, rest_key: REST_HZ}).writeto(path)
        cube = read_cube(path)
    np.testing.assert_array_equal(cube.data, voxels())
    # a millionth of the 1 MHz (or 5 km/s) channel; FELO's derivative is exact at the reference
    np.testing.assert_allclose(cube.grid.freq_hz, hz, rtol=0, atol=1.0)
    assert cube.grid.rest_hz == REST_HZ
    x, y = np.meshgrid(np.arange(NX), np.arange(NY))
    ra, dec = cube.grid.sky.wcs_pix2world(x.ravel(), y.ravel(), 0)
    want_ra, want_dec = sin_position(x.ravel(), y.ravel())
    # 1e-9 deg: 4 micro-arcsec, rounding of the angles in double
    np.testing.assert_allclose(ra, want_ra, rtol=0, atol=1e-9)
    np.testing.assert_allclose(dec, want_dec, rtol=0, atol=1e-9)
