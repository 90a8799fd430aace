"""A finder from another package, installed for the test: it works without any change to ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from finder_cubes import cube_with, source

import deepfocus as df
from deepfocus.cli import main
from deepfocus.cli.finder_choice import chosen_finder
from deepfocus.core.catalogue import NAMES
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube

HERE = Path(__file__).parent
PACKAGE = HERE / "outside_package"
PAGE = HERE.parents[1] / "docs" / "write-a-finder.md"
SOURCES = [source(45.0, 52.0, 20.0, snr=40), source(84.0, 75.0, 44.0, snr=60)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Temporary folder in which the package is installed."""
    folder = tmp_path_factory.mktemp("outside")
    # built from a copy, so that nothing is left in the checkout
    copytree(PACKAGE, folder / "source")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site")]
    subprocess.run([*command, str(folder / "source")], check=True, capture_output=True)
    return folder / "site"


def test_it_detects_like_any_other(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_cube(cube_with(SOURCES), tmp_path / "cube.fits")[0]
    out = tmp_path / "out"
    command = [sys.executable, "-m", "deepfocus.cli", "detect", str(file), "--out", str(out)]
    command += ["--finder", "brightest_voxel", "--set", "number=3"]
    subprocess.run(command, env={**os.environ, "PYTHONPATH": str(site)}, check=True)
    found = read_catalogue(out / "cube.catalogue.ecsv")
    assert tuple(found.table.colnames) == NAMES
    assert len(found) == 3
    for each in SOURCES:
        assert np.hypot(found["x"] - each.x, found["y"] - each.y).min() < 2
    names = {path.name for path in out.iterdir()}
    endings = [f"catalogue.{kind}" for kind in ("ecsv", "fits", "vot", "reg", "crtf")]
    assert names == {f"cube.{end}" for end in (*endings, "png", "report.html", "settings.toml")}
    # the written settings, read again by the Python interface, give the same
    monkeypatch.syspath_prepend(site)
    finder = chosen_finder(None, file=out / "cube.settings.toml")
    from_python = df.detect(file, finder=finder).catalogue
    np.testing.assert_array_equal(from_python["x"], found["x"])


def test_it_is_listed_and_a_wrong_setting_of_it_is_one_line(
    site: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(site)
    assert main(["finders"]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"^brightest_voxel +the brightest voxels of the cube", listed, re.M)
    arguments = ["detect", "cube.fits", "--out", str(tmp_path), "--finder", "brightest_voxel"]
    assert main([*arguments, "--set", "numbre=3"]) == 2
    said = capsys.readouterr().err
    assert "unknown setting 'numbre'" in said
    assert "did you mean 'number'?" in said


def test_without_the_package_its_name_is_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["detect", "x.fits", "--out", str(tmp_path), "--finder", "brightest_voxel"]
    assert main(arguments) == 2
    assert "no finder is called 'brightest_voxel'" in capsys.readouterr().err


def test_an_entry_point_that_leads_nowhere_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfocus.finders]\nbroken = nosuch:Finder\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["finders"]) == 0
    listed = capsys.readouterr().out
    assert re.search(r"^broken +\(the finder 'broken' cannot be loaded from", listed, re.M)
    assert main(["detect", "x.fits", "--out", str(tmp_path), "--finder", "broken"]) == 2
    assert "No module named 'nosuch'" in capsys.readouterr().err


def test_the_page_shows_this_package() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for file in ("pyproject.toml", "src/brightest_voxel/__init__.py"):
        code = (PACKAGE / file).read_text(encoding="utf-8").strip()
        assert code in page, f"docs/write-a-finder.md should show {file} as it is"
