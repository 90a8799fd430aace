"""The PSF beside an image is its dirty beam, unless CLEAN's components were restored in it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import NCHAN, NX, NY, image, saved, voxels

from deepfocus.cli.reading import Reading
from deepfocus.core.cube import Cube
from deepfocus.core.workspace import OnDisk
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides

BEAM = {"BMAJ": 3e-4, "BMIN": 2e-4, "BPA": 10.0}


def with_psf(folder: Path, name: str = "x.image.fits", **keys: Any) -> Path:
    """An image with a beam of its own, and beside it a PSF."""
    beam = np.zeros((NCHAN, NY, NX), ">f4")
    beam[:, NY // 2, NX // 2] = 1.0
    saved(folder / "x.psf.fits", data=beam, BUNIT="")
    return saved(folder / name, **{**BEAM, **keys})


def beside(folder: Path, word: str, *, differs: bool, **keys: Any) -> None:
    """A model with or without a component, or a residual that misses a source or none."""
    values = voxels().copy() if word == "residual" else np.zeros_like(voxels())
    if differs:
        at = np.unravel_index(np.nanargmax(np.abs(voxels())), voxels().shape)
        values[at] = 0.3 * voxels()[at] if word == "residual" else 1e-4
    saved(folder / f"x.{word}.fits", data=values, **keys)


def notes(cube: Cube) -> str:
    return " | ".join(cube.meta.get("notes", ()))


@pytest.mark.parametrize("word", ["model", "residual"])
def test_what_clean_left_tells(tmp_path: Path, word: str) -> None:
    path = with_psf(tmp_path)
    beside(tmp_path, word, differs=True)
    cube = read_cube(path)
    assert cube.psf is None
    assert cube.beam is not None
    assert f"x.image.fits was restored after CLEAN, as x.{word}.fits tells" in notes(cube)
    by_parts = read_cube(path, workspace=OnDisk(tmp_path, 1000))
    assert by_parts.psf is None


@pytest.mark.parametrize("word", ["model", "residual"])
def test_tclean_without_iterations_gives_a_dirty_image(tmp_path: Path, word: str) -> None:
    path = with_psf(tmp_path)
    beside(tmp_path, word, differs=False)
    cube = read_cube(path)
    assert cube.psf is not None
    assert "restored" not in notes(cube)


def test_an_alone_image_keeps_its_psf(tmp_path: Path) -> None:
    assert read_cube(with_psf(tmp_path)).psf is not None


@pytest.mark.parametrize(
    ("name", "kept"),
    [("x.dirty.fits", True), ("x.image.pbcor.fits", False), ("x.residual.fits", True)],
)
def test_by_its_name(tmp_path: Path, name: str, kept: bool) -> None:
    """Of a residual, the dirty beam is its own, whatever the model holds."""
    path = with_psf(tmp_path, name)
    beside(tmp_path, "model", differs=True)
    assert (read_cube(path).psf is not None) == kept


def test_a_residual_is_no_witness_of_what_was_corrected(tmp_path: Path) -> None:
    path = with_psf(tmp_path, "x.image.pbcor.fits")
    beside(tmp_path, "residual", differs=True)
    assert read_cube(path).psf is not None


def test_the_same_stokes_parameter_is_compared(tmp_path: Path) -> None:
    path = with_psf(tmp_path)
    header = fits.getheader(path)
    both = np.stack([voxels(), 7 - 2 * voxels()]).astype(">f4")
    for word in ("image", "residual"):
        name = tmp_path / f"x.{word}.fits"
        fits.PrimaryHDU(both, header).writeto(name, overwrite=True)
    for stokes in (None, "Q"):
        assert read_cube(path, Overrides(stokes=stokes)).psf is not None


def test_the_user_may_know_better(tmp_path: Path) -> None:
    path = with_psf(tmp_path)
    beside(tmp_path, "model", differs=True)
    assert read_cube(path, psf=tmp_path / "x.psf.fits").psf is not None


def test_without_a_beam_of_its_own_the_psf_is_all_there_is(tmp_path: Path) -> None:
    path = with_psf(tmp_path, BMAJ=None, BMIN=None, BPA=None)
    beside(tmp_path, "model", differs=True)
    assert read_cube(path).psf is not None


def test_what_does_not_fit_or_is_damaged_tells_nothing(tmp_path: Path) -> None:
    path = with_psf(tmp_path)
    image(data=np.ones((NCHAN, NY, NX - 1), ">f4")).writeto(tmp_path / "x.residual.fits")
    (tmp_path / "x.model.fits").write_bytes(b"SIMPLE  = nonsense")
    assert read_cube(path).psf is not None


def test_what_tells_is_part_of_the_content(tmp_path: Path) -> None:
    path = with_psf(tmp_path)
    alone = Reading().content(path)
    beside(tmp_path, "model", differs=False)
    dirty = Reading().content(path)
    os.remove(tmp_path / "x.model.fits")
    beside(tmp_path, "model", differs=True)
    assert len({alone, dirty, Reading().content(path)}) == 3
