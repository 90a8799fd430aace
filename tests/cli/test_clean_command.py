"""`clean` through the command: all products or none, in any number of processes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

import deepfocus as df
from deepfocus.cli import main
from deepfocus.core.files import whole_file
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.cube import Simulated

PRODUCTS = {
    "c.image.fits", "c.residual.fits", "c.model.fits", "c.image.pbcor.fits", "c.psf.fits",
    "c.pb.fits", "c.clean.ecsv",
}  # fmt: skip


@pytest.fixture(scope="module")
def dirty(small: Simulated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cube(small.cube, tmp_path_factory.mktemp("dirty") / "d.fits")[0]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_products_of_the_command_are_those_of_python(
    dirty: Path, tmp_path: Path, workers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["clean", str(dirty), "--out", str(tmp_path / "c.fits"), "--workers", workers])
    streams = capsys.readouterr()
    assert code == 0, streams.err
    assert names(tmp_path) == PRODUCTS
    assert "32 channels; ended by threshold in 32" in streams.out
    lines = [json.loads(line) for line in streams.err.splitlines() if line.startswith("{")]
    assert [line["done"] for line in lines] == list(range(1, 33))
    assert "is known up to" not in streams.err  # a simulated PSF tells every sidelobe
    same = df.clean(read_cube(dirty))
    image = fits.getdata(tmp_path / "c.image.fits")[0]
    assert np.array_equal(image, same.image.data)
    assert np.array_equal(fits.getdata(tmp_path / "c.model.fits")[0], same.model.data)
    header = fits.getheader(tmp_path / "c.image.fits")
    assert header["DFPB"] == "c.pb.fits"
    assert header["BMAJ"] == pytest.approx(same.beams[0].major_arcsec / 3600)
    accounts = Table.read(tmp_path / "c.clean.ecsv")
    assert list(accounts["iterations"]) == [each.iterations for each in same.accounts]


def test_options_are_settings(dirty: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "c.fits"), "--workers", "1"]
    options = ["--minor", "clark", "--gain", "0.2", "--nsigma", "4", "--threshold", "1 mJy"]
    more = ["--box", "30", "70", "30", "70", "--beam", "per_channel", "--cyclefactor", "2"]
    assert main(["clean", str(dirty), *out, *options, *more]) == 0
    meta = json.loads(fits.getheader(tmp_path / "c.image.fits")["DFMETA"])["clean"]
    assert meta["minor"] == {"kind": "clark", "gain": 0.2, "reach_px": 32}
    assert meta["region"] == {"kind": "boxes", "boxes": [[30.0, 70.0, 30.0, 70.0]]}
    assert (meta["nsigma"], meta["cyclefactor"], meta["threshold"]) == (4.0, 2.0, "1.0 mJy")
    model = fits.getdata(tmp_path / "c.model.fits")[0]
    outside = np.ones(model.shape[1:], bool)
    outside[30:71, 30:71] = False
    assert not model[:, outside].any()


def test_sources_of_a_catalogue_are_a_mask(dirty: Path, small: Simulated, tmp_path: Path) -> None:
    df.write(small.truth, tmp_path / "t.ecsv")
    cut = ["cutouts", str(tmp_path / "t.ecsv"), str(dirty), "--out", str(tmp_path / "cut")]
    assert main(cut) == 0
    mask = tmp_path / "cut" / "d.mask.fits"
    out = tmp_path / "out"
    assert main(["clean", str(dirty), "--out", str(out / "c.fits"), "--mask", str(mask)]) == 0
    inside = fits.getdata(mask)[0] != 0
    model = fits.getdata(out / "c.model.fits")[0]
    assert model.any()
    assert not model[~inside].any()


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main(["clean", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    said = [line for line in lines if line.startswith("deepfocus: ") and "note:" not in line]
    assert len(said) == 1, lines
    return said[0]


def test_what_is_refused_writes_nothing(
    dirty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, out = tmp_path / "in", tmp_path / "out" / "c.fits"
    shutil.copytree(dirty.parent, given)
    d = given / "d.fits"
    before = names(given)
    cases = (
        ([d, "--out", tmp_path / "c.txt"], "wanted NAME.fits"),
        ([d, "--out", given / "d.fits"], "d.model.fits beside d.fits"),
        ([d, "--out", given / "d.image.fits"], "d.model.fits beside d.fits"),
        ([d, "--out", out, "--gain", "2"], "gain = 2"),
        ([d, "--out", out, "--threshold", "3 km"], "threshold"),
        ([d, "--out", out, "--box", "1", "2", "3", "4", "--mask", d], "--mask with --box"),
        ([d, "--out", out, "--mask", given / "none.fits"], "cannot read"),
        ([given / "none.fits", "--out", out], "cannot read"),
        ([d, "--out", out, "--psf", given / "d.fits"], "is not a dirty beam"),
    )
    for arguments, words in cases:
        assert words in complaint(capsys, *arguments)
    (given / "d.psf.fits").unlink()
    assert "no dirty beam" in complaint(capsys, d, "--out", out)
    assert names(given) == before - {"d.psf.fits"}
    assert names(tmp_path) == {"in"}


def test_a_cleaned_cube_is_not_cleaned_again(
    dirty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["clean", str(dirty), "--out", str(tmp_path / "c.fits"), "--workers", "1"]) == 0
    capsys.readouterr()
    image, other = tmp_path / "c.image.fits", tmp_path / "again.fits"
    assert "as c.model.fits beside it tells" in complaint(capsys, image, "--out", other)
    psf = tmp_path / "c.psf.fits"
    for product in ("model", "residual"):
        (tmp_path / f"c.{product}.fits").unlink()
    assert "was cleaned already" in complaint(capsys, image, "--psf", psf, "--out", other)


def test_an_error_in_a_channel_leaves_nothing(
    dirty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from deepfocus.core.errors import DeepFocusError
    from deepfocus.imaging.clean.cube import Cleaner

    cleaned = Cleaner.__call__

    def fails(cleaner: Cleaner, channel: int) -> object:
        if channel == 20:
            raise DeepFocusError("no room", wanted="room", remedy="make some")
        return cleaned(cleaner, channel)

    monkeypatch.setattr(Cleaner, "__call__", fails)
    with whole_file(tmp_path / "c.image.fits") as before:
        before.write_text("an older one")
    said = complaint(capsys, dirty, "--out", tmp_path / "c.fits", "--workers", "1")
    assert "no room" in said
    assert names(tmp_path) == {"c.image.fits"}
    assert (tmp_path / "c.image.fits").read_text() == "an older one"


def test_a_second_run_replaces_all_of_the_first(dirty: Path, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "c.fits"), "--workers", "1"]
    assert main(["clean", str(dirty), *out]) == 0
    alone = tmp_path / "in" / "d.fits"
    alone.parent.mkdir()
    for name in ("d.fits", "d.psf.fits"):
        shutil.copy(dirty.with_name(name), alone.with_name(name))
    assert main(["clean", str(alone), *out, "--niter", "0"]) == 0
    # the second has no primary beam
    assert names(tmp_path) == PRODUCTS - {"c.pb.fits", "c.image.pbcor.fits"} | {"in"}
    assert not fits.getdata(tmp_path / "c.model.fits").any()


def test_beams_that_were_read_are_not_written_over(dirty: Path, tmp_path: Path) -> None:
    """NAME.dirty.fits may lie beside its products NAME.*, whose beams are its own."""
    for kind in ("", ".psf", ".pb"):
        name = f"c{kind}.fits" if kind else "c.dirty.fits"
        shutil.copy(dirty.with_name(f"d{kind}.fits"), tmp_path / name)
    with fits.open(tmp_path / "c.dirty.fits", mode="update") as hdus:
        hdus[0].header["DFPSF"], hdus[0].header["DFPB"] = "c.psf.fits", "c.pb.fits"
    with fits.open(tmp_path / "c.psf.fits", mode="update") as hdus:
        hdus[0].header["OBSERVER"] = "somebody"
    before = (tmp_path / "c.psf.fits").read_bytes()
    arguments = ["clean", str(tmp_path / "c.dirty.fits"), "--out", str(tmp_path / "c.fits")]
    for _ in range(2):  # the second time, what the first made lies beside it
        assert main([*arguments, "--niter", "10", "--workers", "1"]) == 0
        assert names(tmp_path) == PRODUCTS | {"c.dirty.fits"}
        assert (tmp_path / "c.psf.fits").read_bytes() == before
