"""A cube that we wrote and CASA imported is the same cube, with the same sources."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from casa_python import casa_python, run_casa

pytest.importorskip("casacore.images", reason="python-casacore (the extra ms) is not installed")

import deepfocus as df
from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.workspace import OnDisk
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.image_file import image_by_parts

IMPORTER = Path(__file__).with_name("import_to_casa.py")
SETTINGS = {
    "observation": {"size": 96, "channels": 32, "total_time": "600 s"},
    "population": {"kind": "paper", "companions": [2, 2]},
}
KINDS = ("dirty", "cleaned")
OF_THE_CUBE = (
    "BUNIT", "BMAJ", "BMIN", "BPA", "RESTFRQ", "SPECSYS", "RADESYS", "DFPSF", "DFPB",
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """NAME.fits with its beams, and what CASA imports of them."""
    casa_python()
    written, imported = (tmp_path_factory.mktemp(name) for name in ("written", "imported"))
    settings = {"dirty": SETTINGS, "cleaned": SETTINGS | {"imaging": {"kind": "cleaned"}}}
    paths: list[Path] = []
    for name in KINDS:
        made = df.simulate(settings[name], seed=3).cube
        # importfits leaves out the long text that says how a cube was made
        unknown = replace(made, meta={}, noise=None)
        paths.extend(df.write(unknown, written / f"{name}.fits"))
    with_blanks(written / "dirty.fits")
    run_casa(IMPORTER, imported, imported, *paths)
    return written, imported


def with_blanks(path: Path) -> None:
    """Blank a corner and a channel of a cube."""
    from astropy.io import fits

    with fits.open(path, mode="update") as hdus:
        hdus[0].data[..., :10, :7] = np.nan
        hdus[0].data[..., 5, :, :] = np.nan


@pytest.mark.parametrize("name", KINDS)
def test_the_same_header_is_understood(name: str, folders: tuple[Path, Path]) -> None:
    written, imported = folders
    with image_by_parts(written / f"{name}.fits") as image:
        wanted = image.header
    with image_by_parts(imported / name) as image:
        found = image.header
    for key in OF_THE_CUBE:
        if isinstance(wanted.get(key), float):
            assert found[key] == pytest.approx(wanted[key], rel=1e-11)  # cards of 13 digits
        else:
            assert found.get(key) == wanted.get(key), key


@pytest.mark.parametrize("at_once", [None, 5 * 96 * 96])
@pytest.mark.parametrize("name", KINDS)
def test_the_same_cube_is_read(
    name: str, at_once: int | None, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    written, imported = folders
    wanted = read_cube(written / f"{name}.fits")
    if at_once is None:
        found = read_cube(imported / name)
    else:
        found = read_cube(imported / name, workspace=OnDisk(tmp_path, at_once))
    assert_same(found, wanted)
    for beam in ("psf", "primary_beam"):
        file = wanted.meta.get(beam)
        assert found.meta.get(beam) == (file and file.removesuffix(".fits"))
    assert found.meta["primary_beam"] == f"{name}.pb"


def assert_same(found: Cube, wanted: Cube) -> None:
    nan = np.isnan(wanted.array)
    values = np.asarray(found.data)
    np.testing.assert_array_equal(np.isnan(values), nan)
    np.testing.assert_array_equal(values[~nan].view(np.uint32), wanted.array[~nan].view(np.uint32))
    np.testing.assert_array_equal(found.psf, wanted.psf)
    np.testing.assert_array_equal(found.primary_beam, wanted.primary_beam)
    np.testing.assert_array_equal(found.psf_channels, wanted.psf_channels)
    np.testing.assert_allclose(found.grid.freq_hz, wanted.grid.freq_hz, rtol=1e-12)
    assert found.grid.rest_hz == pytest.approx(wanted.grid.rest_hz, rel=1e-12)
    assert found.grid.specsys == wanted.grid.specsys
    corners = np.array([[0, 0], [95, 95], [20, 60]])
    at, expected = (each.grid.sky.wcs_pix2world(corners, 0) for each in (found, wanted))
    np.testing.assert_allclose(at, expected, rtol=0, atol=1e-11)  # degrees
    assert found.beam is not None
    assert wanted.beam is not None
    assert found.beam.major_arcsec == pytest.approx(wanted.beam.major_arcsec, rel=1e-11)
    assert found.unit == wanted.unit


@pytest.mark.parametrize("name", KINDS)
def test_the_same_catalogue_is_found(name: str, folders: tuple[Path, Path]) -> None:
    written, imported = folders
    wanted, found = (
        in_order(df.detect(df.read(path)).catalogue.accepted)
        for path in (written / f"{name}.fits", imported / name)
    )
    assert len(found) == len(wanted) >= 2
    for column in ("ra", "dec", "frequency", "line_flux", "line_flux_err", "continuum"):
        # cards of 13 digits
        np.testing.assert_allclose(found[column], wanted[column], rtol=1e-6)


def in_order(found: Catalogue) -> Catalogue:
    return found.at(np.argsort(found["dec"]))
