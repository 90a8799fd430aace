"""Velocity axes that do not say in FITS's words whether they are radio or optical."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fits_samples import FREQ, LAT, LON, NCHAN, REST_HZ, C, saved

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides

V = 3e6 + 5e3 * np.arange(NCHAN)
AS = {
    "radio": REST_HZ * (1 - V / C),
    "optical": REST_HZ / (1 + V / C),
    "relativistic": REST_HZ * np.sqrt((1 - V / C) / (1 + V / C)),
}


def _saved(path: Path, ctype: str, **keys: object) -> Path:
    axis = {"CTYPE": ctype, "CRVAL": V[0], "CDELT": V[1] - V[0], "CRPIX": 1.0, "CUNIT": "m/s"}
    return saved(path, [LON, LAT, axis], **keys)


@pytest.mark.parametrize(
    ("ctype", "keys", "scale", "words"),
    [
        ("VELO-LSR", {"ORIGIN": "GILDAS Consortium"}, "radio", "as GILDAS writes"),
        ("VELOCITY", {"ORIGIN": "CLASS-Grenoble"}, "radio", "as GILDAS writes"),
        ("VELO-LSR", {"ORIGIN": "Miriad fits: 1.19"}, "radio", "as Miriad writes"),
        ("VELO", {"ORIGIN": "Miriad fits: 1.19"}, "radio", "as Miriad writes"),
        ("VELO-HEL", {"ORIGIN": "AIPS"}, "optical", "the AIPS default"),
        ("VELO-LSR", {"ORIGIN": "AIPS classic"}, "optical", "the AIPS default"),
        ("VELOCITY", {}, "optical", "--velocity radio"),
        ("VELO-LSR", {"VELREF": 257}, "radio", None),
        ("VELO-LSR", {"VELREF": 257.0}, "radio", None),
        ("VELO-LSR", {"VELREF": "257"}, "radio", "VELREF is text"),
        ("VELO-LSR", {"VELREF": 1.0, "ORIGIN": "Miriad"}, "optical", None),
        ("VELO", {"VELREF": 258}, "radio", None),
        ("VELO", {}, "relativistic", "as FITS defines it"),
        ("velo-lsr", {"VELREF": 257}, "radio", None),
        ("VRAD", {}, "radio", None),
        ("VOPT", {}, "optical", None),
    ],
)
def test_the_writer_decides(
    tmp_path: Path, ctype: str, keys: dict, scale: str, words: str | None
) -> None:
    cube = read_cube(_saved(tmp_path / "c.fits", ctype, **keys))
    np.testing.assert_allclose(cube.grid.freq_hz, AS[scale], rtol=1e-12)
    notes = [note for note in cube.meta.get("notes", ()) if "VEL" in note]
    assert (words in notes[0]) if words else not notes


@pytest.mark.parametrize("ctype", ["VELO-LSR", "VELO", "VRAD", "VOPT", "VOPT-LSR"])
@pytest.mark.parametrize("scale", ["radio", "optical"])
def test_the_user_decides(tmp_path: Path, ctype: str, scale: str) -> None:
    path = _saved(tmp_path / "c.fits", ctype, VELREF=257 if scale == "optical" else 1)
    cube = read_cube(path, Overrides(velocity=scale))
    np.testing.assert_allclose(cube.grid.freq_hz, AS[scale], rtol=1e-12)


def test_the_choice_leaves_frequencies_alone(tmp_path: Path) -> None:
    cube = read_cube(saved(tmp_path / "c.fits"), Overrides(velocity="optical"))
    assert cube.grid.freq_hz[2] == FREQ["CRVAL"]


def test_another_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="no velocity scale 'fast'; wanted radio or optical"):
        read_cube(saved(tmp_path / "c.fits"), Overrides(velocity="fast"))
