"""Lists have positions in the frame of the cube's header; ours are ICRS, whatever that is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from foreign_samples import grid, three

import deepfocus as df
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid

NAMES = {"sofia": "found.xml", "lineseeker": "found.dat", "pybdsf": "found.srl.fits"}


def in_frame(radesys: str, equinox: float | None, *, galactic: bool = False) -> Grid:
    on = grid()
    sky = on.sky.deepcopy()
    sky.wcs.radesys = radesys
    if equinox is not None:
        sky.wcs.equinox = equinox
    if galactic:
        sky.wcs.ctype = ["GLON-SIN", "GLAT-SIN"]
        sky.wcs.radesys = ""
    sky.wcs.set()
    return replace(on, sky=sky)


@pytest.mark.parametrize("format", NAMES)
@pytest.mark.parametrize(
    "on",
    [
        in_frame("ICRS", None),
        in_frame("FK5", 2000.0),
        in_frame("FK5", 1990.0),
        in_frame("FK4", 1950.0),
        in_frame("", None, galactic=True),
    ],
    ids=["ICRS", "J2000", "J1990", "B1950", "galactic"],
)
def test_positions_come_back(tmp_path: Path, format: str, on: Grid) -> None:
    found = three(on, channel=[20.5] * 3)
    path = df.write(found, tmp_path / NAMES[format], format=format, grid=on)
    back, kept = df.read_catalogue(path, format=format, grid=on), found.accepted
    here, there = (SkyCoord(each["ra"], each["dec"], unit="deg") for each in (back, kept))
    assert here.separation(there).max() < 0.03 * u.mas
    np.testing.assert_allclose(back["x"], kept["x"], atol=3e-4)


def test_what_a_list_says_is_in_the_frame_of_the_header(tmp_path: Path) -> None:
    on = in_frame("FK5", 2000.0)
    path = df.write(three(on), tmp_path / "found.xml", format="sofia", grid=on)
    written = df.read_catalogue(path, format="sofia")
    x, y = on.sky.all_world2pix(written["ra"], written["dec"], 0)
    np.testing.assert_allclose(x, [40.25, 80.5], atol=1e-6)
    np.testing.assert_allclose(y, [30.75, 90.0], atol=1e-6)


@pytest.mark.parametrize("format", ["lineseeker", "pybdsf"])
def test_another_field_is_refused(tmp_path: Path, format: str) -> None:
    path = df.write(three(grid(), channel=[20.5] * 3), tmp_path / NAMES[format], format=format)
    with pytest.raises(DeepFocusError, match=r"no source of .* lies in the image"):
        df.read_catalogue(path, format=format, grid=grid(dec_deg=-29.0))
