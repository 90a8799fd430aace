"""An image and its primary-beam corrected twin give the same sources, whatever lies beside them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

import deepfocus as df
from deepfocus.cli import main
from deepfocus.core.catalogue import Catalogue
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_corrected

SETTINGS = {
    "observation": {"size": 96, "channels": 32, "total_time": "600 s"},
    "population": {"kind": "paper", "companions": [0, 0]},
    "imaging": {"kind": "cleaned"},
}
SEED = 3


RESPONSE = 0.4
"""At the source, which a simulation puts on the axis."""


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Catalogue]:
    """x.image.fits, x.image.pbcor.fits and x.pb.fits of a source off axis, and its truth."""
    folder = tmp_path_factory.mktemp("products")
    made = df.simulate(SETTINGS, seed=SEED)
    ny, nx = made.cube.data.shape[1:]
    slope = np.linspace(RESPONSE - 0.3, RESPONSE + 0.3, nx + 1, dtype=np.float32)[:nx]
    beam = np.broadcast_to(slope, (1, ny, nx))
    cube = replace(made.cube, primary_beam=beam, psf_channels=None)
    df.write(cube, folder / "x.fits")
    write_corrected(cube, folder / "x.image.pbcor.fits")
    (folder / "x.fits").rename(folder / "x.image.fits")
    return folder, made.truth


def found_in(folder: Path, name: str, *options: str) -> Catalogue:
    """The one source of NAME.fits."""
    out = folder / f"out.{name}"
    assert main(["detect", str(folder / f"{name}.fits"), "--out", str(out), *options]) == 0
    found = read_catalogue(out / f"{name}.catalogue.ecsv").accepted
    assert len(found) == 1
    return found


def test_both_give_the_flux_on_the_sky_once_corrected(
    products: tuple[Path, Catalogue], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, truth = products
    on_sky = float(truth["line_flux"][0]) / RESPONSE
    image, corrected = (found_in(folder, name) for name in ("x.image", "x.image.pbcor"))
    for found in (image, corrected):
        assert abs(found["line_flux"][0] - on_sky) < 3 * found["line_flux_err"][0]
        assert found["line_flux_err"][0] < 0.1 * on_sky
        assert found.meta["primary_beam"] == "x.pb.fits"
    # the corrected one is blank where the response is lowest: its noise is measured on less
    np.testing.assert_allclose(corrected["line_flux"], image["line_flux"], rtol=0.01)
    assert "corrected for the primary beam" in capsys.readouterr().err
    assert "corrected for the primary beam" in " ".join(corrected.meta["notes"])


def test_a_folder_is_searched_image_by_image(
    products: tuple[Path, Catalogue], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = products
    given = tmp_path / "given"
    given.mkdir()
    for name in ("x.image", "x.image.pbcor", "x.pb"):
        shutil.copy(folder / f"{name}.fits", given)
    shutil.copy(folder / "x.image.fits", given / "x.residual.fits")
    assert main(["detect", str(given), "--out", str(tmp_path / "out")]) == 0
    assert [each.name for each in (tmp_path / "out").glob("*.ecsv")] == ["x.image.catalogue.ecsv"]
    said = capsys.readouterr().err
    assert said.count("not searched, products beside their cube") == 1


def test_a_source_beyond_the_cut_off_says_so(
    products: tuple[Path, Catalogue], tmp_path: Path
) -> None:
    folder, truth = products
    shutil.copy(folder / "x.image.fits", tmp_path)
    with fits.open(folder / "x.pb.fits") as hdus:
        hdus[0].data[..., 40:] = np.nan  # the source is at 48
        lowest = float(np.nanmax(hdus[0].data[..., :40].min()))
        hdus.writeto(tmp_path / "x.pb.fits")
    found = found_in(tmp_path, "x.image")
    assert "beyond the cut-off of the primary beam" in found["warning"][0]
    assert found["line_flux"][0] == pytest.approx(truth["line_flux"][0] / lowest, rel=0.1)
