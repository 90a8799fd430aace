"""Names of files with any characters: what is written for them can be read back."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from html import escape
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.cli.products import LAST, PRODUCTS
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.jobs.progress import printable
from deepfocus.simulation.cube import Simulated

NAMES = (
    "with space",
    " spaces at its ends ",
    "quo'te\"s",
    "new\nline",
    "tab\tand\x1b[31mred",
    "Müller 星",
    "-dash",
    "--out",
    "100%s %(name)s",
    "a#b;c",
    "$x_{$",
    "[1]*?{a}",
    "x" * 240,
    "星" * 80,
    b"not utf-8 \xff".decode("utf-8", "surrogateescape"),
)
REGION = re.compile(
    r"(image; )?(ellipse\([-+\d.,\"]+\)|point\([-+\d.]+,[-+\d.]+\)) "
    r"# text=\{\d+\}( color=red dash=1)? tag=\{\w+\}"
)


@pytest.fixture
def folder(small: Simulated, tmp_path: Path) -> Path:
    """A cube under each name, and its beams beside it."""
    plain, odd = tmp_path / "plain", tmp_path / "odd"
    paths = write_cube(small.cube, plain / "plain.fits")
    for key in ("DFPSF", "DFPB"):  # found by their names
        fits.delval(paths[0], key)
    odd.mkdir()
    for name in NAMES:
        for path in paths:
            try:
                shutil.copy(path, odd / f"{name}{path.name.removeprefix('plain')}")
            except OSError:
                pytest.skip(f"the file system has no {name!r}")
    return odd


@pytest.mark.usefixtures("knowing", "quick_figures")
def test_products_can_be_read_back(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    files = [str(folder / f"{name}.fits") for name in NAMES]
    assert main(["detect", *files, "--out", str(out), "--workers", "1"]) == 0
    streams = capsys.readouterr()
    said = streams.err.rstrip("\n").split("\n")
    assert all(line.startswith(("{", "deepfocus: ")) for line in said)
    assert {os.fsencode(path.name) for path in out.iterdir()} == {
        os.fsencode(f"{name}.{ending}") for name in NAMES for ending in (*PRODUCTS, LAST)
    } | {b"catalogue.ecsv"}
    for name in NAMES:
        assert f"{printable(name)}: 2 sources, 1 rejected candidate\n" in streams.out
        found = read_catalogue(out / f"{name}.catalogue.ecsv")
        for suffix in ("ecsv", "vot", "fits"):
            other = read_catalogue(out / f"{name}.catalogue.{suffix}")
            assert other.meta["input"] == printable(name)
            np.testing.assert_array_equal(other["x"], found["x"])
        regions = (out / f"{name}.catalogue.reg").read_text().splitlines()[3:]
        assert len(regions) == len(found)
        assert all(REGION.fullmatch(region) for region in regions), regions
        assert "finder" in tomllib.loads((out / f"{name}.settings.toml").read_text())
    together = Table.read(out / "catalogue.ecsv")
    assert set(together["cube"]) == {printable(name).strip() for name in NAMES}
    assert len(together) == 3 * len(NAMES)
    assert main(["detect", *files, "--out", str(out), "--workers", "1", "--resume"]) == 0
    assert capsys.readouterr().err.count('"finished before"') == len(NAMES)


@pytest.mark.usefixtures("knowing")
@pytest.mark.parametrize("name", ["$x_{$", "Müller 星", "new\nline", NAMES[-1], "x" * 240])
def test_figures_can_be_drawn(folder: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    assert main(["detect", str(folder / f"{name}.fits"), "--out", str(out)]) == 0
    assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    report = (out / f"{name}.report.html").read_text(encoding="utf-8")
    assert f"<h1>{escape(printable(name))}</h1>" in report


def test_a_name_that_leaves_no_room_for_that_of_its_products(
    small: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"{'x' * 250}.fits"
    shutil.copy(write_cube(small.cube, tmp_path / "a.fits")[0], path)
    assert main(["detect", str(path), "--out", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "File name too long" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a b", "a b"), ("a\nb\x1b", r"a\nb\x1b"), ("星", "星"), ("\udcff", r"\udcff")],
)
def test_what_is_printed_stays_in_its_line(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_hidden_files_of_a_folder_are_not_searched(
    small: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(small.cube, tmp_path / "a.fits")
    (tmp_path / ".a.fits.half.fits").write_text("half")
    arguments = ["detect", str(tmp_path), "--out", str(tmp_path / "out"), "--dry-run"]
    assert main(arguments) == 0
    assert "half" not in capsys.readouterr().err
