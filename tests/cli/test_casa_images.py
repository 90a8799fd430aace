"""CASA's own images through the commands: which are searched, what is found, what is content."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("casacore.images", reason="python-casacore (the extra ms) is not installed")

from casa_samples import unpacked
from deepfocus.cli import main
from deepfocus.cli.reading import Reading
from deepfocus.cli.searchable import searchable
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.fits_cube import read_cube

PRODUCTS = {
    "x.image.pbcor", "x.mask", "x.model", "x.pb", "x.psf", "x.residual", "x.sumwt",
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(tmp_path_factory.mktemp("casa"))


@pytest.fixture
def products(images: Path, tmp_path: Path) -> Path:
    """x.image and what tclean leaves beside it, a measurement set and notes."""
    folder = tmp_path / "products"
    for name in ("x.image", *PRODUCTS):
        shutil.copytree(images / name, folder / name)
    (folder / "x.ms").mkdir()
    (folder / "x.ms" / "table.dat").touch()
    (folder / "x.ms" / "table.info").write_text("Type = Measurement Set\nSubType = \n")
    (folder / "notes").mkdir()
    return folder


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def test_of_a_folder_of_products_the_image_is_searched(products: Path) -> None:
    chosen = searchable([products])
    assert [path.name for path in chosen.files] == ["x.image"]
    assert {path.name for path in chosen.left_out} == PRODUCTS


def test_an_image_that_was_exported_is_searched_once(products: Path, images: Path) -> None:
    shutil.copy(images / "exported" / "x.image.fits", products)
    chosen = searchable([products])
    assert [path.name for path in chosen.files] == ["x.image.fits"]
    assert {path.name for path in chosen.left_out} == {"x.image", *PRODUCTS}
    # an image of a FITS file's name is no export of another
    assert searchable([products / "x.image"]).files == (products / "x.image",)


def test_it_has_the_catalogue_of_its_fits_file(
    products: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run("detect", products, "--out", out) == 0
    assert capsys.readouterr().err.count("not searched, products beside their cube") == 1
    found = read_catalogue(out / "x.image.catalogue.ecsv").accepted
    exported = tmp_path / "exported"
    exported.mkdir()
    for name in ("x.image.fits", "x.pb.fits"):
        shutil.copy(images / "exported" / name, exported)
    for name in ("x.psf", "x.model", "x.residual"):
        shutil.copytree(products / name, exported / name)
    assert run("detect", exported / "x.image.fits", "--out", exported) == 0
    wanted = read_catalogue(exported / "x.image.catalogue.ecsv").accepted
    assert len(found) == len(wanted) == 1
    for name in ("ra", "dec", "frequency", "line_flux", "line_flux_err"):
        np.testing.assert_array_equal(found[name], wanted[name])


def test_any_file_of_the_folder_is_content(products: Path) -> None:
    reading, image = Reading(), products / "x.image"
    before = reading.content(image)
    for file in (
        image / "table.f0_TSM0",
        image / "mask0" / "table.f0_TSM0",
        products / "x.pb" / "table.f0_TSM0",
    ):
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert reading.content(image) != before, file
        file.write_bytes(whole)
    assert reading.content(image) == before
    (image / "table.lock").unlink()
    assert reading.content(image) == before


def test_what_is_finished_is_left_alone(products: Path, tmp_path: Path) -> None:
    out, image = tmp_path / "out", products / "x.image"
    assert run("detect", image, "--out", out, "--resume") == 0
    written = (out / "x.image.catalogue.ecsv").stat().st_mtime_ns
    assert run("detect", image, "--out", out, "--resume") == 0
    assert (out / "x.image.catalogue.ecsv").stat().st_mtime_ns == written
    shutil.rmtree(image / "mask0")  # it cannot be read any more, and is not passed over
    assert run("detect", image, "--out", out, "--resume") == 2


def test_what_cannot_be_searched_says_why(
    products: Path, images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = (products / "x.ms", images / "complex.image", products / "notes")
    reasons = ("is a measurement set", "has complex pixels", "is a folder without images")
    for path, reason in zip(given, reasons, strict=True):
        assert run("detect", path, "--out", tmp_path / "out") == 2
        said = capsys.readouterr().err
        assert reason in said
        assert "Traceback" not in said


def test_a_dry_run_knows_its_size(products: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("detect", products / "x.image", "--out", products / "out", "--dry-run") == 0
    assert "x.image: 9 x 14 x 16" in capsys.readouterr().out


def test_sources_are_injected_into_a_fits_file_of_it(products: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run("inject", products / "x.image", "--out", out, "--number", 1) == 0
    original, injected = read_cube(products / "x.image"), read_cube(out / "x.image.injected.fits")
    np.testing.assert_array_equal(injected.primary_beam, original.primary_beam)
    np.testing.assert_array_equal(np.isnan(injected.array), np.isnan(original.array))
    changed = injected.array != original.array
    assert np.any(changed & ~np.isnan(original.array))
    assert injected.beam == original.beam
