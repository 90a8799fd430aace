"""Of imaging products, the images alone are searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepfocus.cli.searchable import searchable
from deepfocus.core.errors import DeepFocusError


def names(files: tuple[Path, ...]) -> list[str]:
    return [path.name for path in files]


def paths(*given: str) -> list[Path]:
    return [Path(name) for name in given]


CASA = ("x.image.fits", "x.mask.fits", "x.model.fits", "x.pb.fits", "x.psf.fits", "x.residual.fits")


def test_companions_of_given_cubes_are_no_inputs_of_their_own() -> None:
    chosen = searchable(paths("a.fits", "a.psf.fits", "a.pb.fits", "b.psf.fits"))
    assert names(chosen.files) == ["a.fits", "b.psf.fits"]
    assert names(chosen.left_out) == ["a.psf.fits", "a.pb.fits"]


def test_products_beside_their_image_are_left_out_and_said_once() -> None:
    chosen = searchable(paths(*CASA))
    assert names(chosen.files) == ["x.image.fits"]
    assert chosen.note.startswith("not searched, products beside their cube: x.mask.fits, ")
    assert chosen.note.endswith("and 2 more")


def test_a_corrected_image_is_searched_where_it_is_alone() -> None:
    archive = paths("u.spw25.cube.I.pbcor.fits", "u.spw25.cube.I.pb.fits.gz")
    assert names(searchable(archive).files) == ["u.spw25.cube.I.pbcor.fits"]
    both = searchable(paths("x.image.fits", "x.image.pbcor.fits"))
    assert names(both.files) == ["x.image.fits"]


def test_an_image_of_the_continuum_is_left_out_beside_cubes() -> None:
    cubes = ["u.spw25.cube.I.pbcor.fits", "u.spw25.cube.I.cont.sub.fits", "u.line_cont.fits"]
    continua = ["u.spw25.mfs.I.pbcor.fits", "u.spw25_27.cont.I.tt0.pbcor.fits", "u.cont.fits"]
    chosen = searchable(paths(*cubes, *continua))
    assert names(chosen.files) == cubes
    assert names(chosen.left_out) == continua
    assert names(searchable(paths(*continua)).files) == continua


def test_a_file_named_alone_is_searched_whatever_it_is_called() -> None:
    for name in ("x.residual.fits", "my_model.fits", "ngc_flux.fits"):
        chosen = searchable(paths(name))
        assert names(chosen.files) == [name]
        assert chosen.note == ""


def test_products_of_other_folders_are_their_own() -> None:
    chosen = searchable(paths("a/x.image.fits", "b/x.residual.fits"))
    assert len(chosen.files) == 2


def test_a_folder_is_all_its_images(tmp_path: Path) -> None:
    for name in (*CASA, "y.cube.I.pbcor.fits", "z.mask.fits", "notes.txt", "w.fits.gz"):
        (tmp_path / name).touch()
    chosen = searchable([tmp_path])
    assert names(chosen.files) == ["w.fits.gz", "x.image.fits", "y.cube.I.pbcor.fits"]
    # without an image in sight, a mask in a folder is a mask all the same
    assert "z.mask.fits" in names(chosen.left_out)


def test_a_folder_without_images_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.mask.fits").touch()
    with pytest.raises(DeepFocusError, match="is a folder without images"):
        searchable([tmp_path])


def test_a_casa_image_is_no_folder_of_files(tmp_path: Path) -> None:
    image = tmp_path / "x.image"
    image.mkdir()
    (image / "table.dat").touch()
    assert searchable([image]).files == (image,)
