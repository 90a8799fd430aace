"""A finder of another package, installed for the test: the door is open without touching ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import cube_with, source

from deepfocus.core.catalogue import NAMES
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube

HERE = Path(__file__).parent
PACKAGE = HERE / "outside_package"
PAGE = HERE.parents[1] / "docs" / "write-a-finder.md"
SOURCES = [source(45.0, 52.0, 20.0, snr=40), source(84.0, 75.0, 44.0, snr=60)]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a Python that has the package beside ours, in a folder that is thrown away."""
    folder = tmp_path_factory.mktemp("outside")
    copy = folder / "source"
    # built where nothing of it is left in the checkout
    subprocess.run(["cp", "-r", str(PACKAGE), str(copy)], check=True)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site")]
    subprocess.run([*command, str(copy)], check=True, capture_output=True)
    return {**os.environ, "PYTHONPATH": str(folder / "site")}


def deepfocus(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deepfocus.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_it_is_listed_and_detects_like_any_other(
    environment: dict[str, str], tmp_path: Path
) -> None:
    listed = deepfocus(environment, "finders").stdout
    assert "brightest_voxel  the brightest voxels of the cube" in listed
    file = write_cube(cube_with(SOURCES), tmp_path / "cube.fits")[0]
    out = tmp_path / "out"
    arguments = ["detect", str(file), "--out", str(out), "--finder", "brightest_voxel"]
    run = deepfocus(environment, *arguments, "--set", "number=3")
    assert run.returncode == 0, run.stderr
    found = read_catalogue(out / "cube.catalogue.ecsv")
    assert tuple(found.table.colnames) == NAMES
    assert len(found) == 3
    for each in SOURCES:
        assert np.hypot(found["x"] - each.x, found["y"] - each.y).min() < 2
    names = {path.name for path in out.iterdir()}
    endings = ("catalogue.ecsv", "catalogue.fits", "catalogue.vot", "catalogue.reg")
    assert names == {f"cube.{end}" for end in (*endings, "png", "settings.toml")}
    # from Python it is the same
    code = (
        "import sys, deepfocus as df\n"
        "found = df.detect(sys.argv[1], finder='brightest_voxel', number=3).catalogue\n"
        "df.write(found, sys.argv[2])"
    )
    command = [sys.executable, "-c", code, str(file), str(tmp_path / "python.ecsv")]
    subprocess.run(command, env=environment, check=True)
    np.testing.assert_array_equal(read_catalogue(tmp_path / "python.ecsv")["x"], found["x"])
    # settings that were written are taken again
    again = ["--settings", str(out / "cube.settings.toml"), "--out", str(tmp_path / "again")]
    assert deepfocus(environment, "detect", str(file), *again).returncode == 0


def test_a_wrong_setting_of_it_is_one_line(environment: dict[str, str], tmp_path: Path) -> None:
    file = write_cube(cube_with(SOURCES), tmp_path / "cube.fits")[0]
    arguments = ["detect", str(file), "--out", str(tmp_path / "out"), "--finder", "brightest_voxel"]
    run = deepfocus(environment, *arguments, "--set", "numbre=3")
    assert run.returncode == 2
    assert "unknown setting 'numbre'" in run.stderr
    assert "did you mean 'number'?" in run.stderr


def test_without_the_package_its_name_is_unknown(tmp_path: Path) -> None:
    run = deepfocus(dict(os.environ), "detect", "x.fits", "--out", str(tmp_path), "--finder",
                    "brightest_voxel")  # fmt: skip
    assert run.returncode == 2
    assert "no finder is called 'brightest_voxel'" in run.stderr


def test_an_entry_point_that_leads_nowhere_is_said_to(tmp_path: Path) -> None:
    info = tmp_path / "broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[deepfocus.finders]\nbroken = nosuch:Finder\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    listed = deepfocus(environment, "finders")
    assert listed.returncode == 0
    assert re.search(r"^broken +\(the finder 'broken' cannot be loaded from", listed.stdout, re.M)
    run = deepfocus(environment, "detect", "x.fits", "--out", str(tmp_path), "--finder", "broken")
    assert run.returncode == 2
    assert "No module named 'nosuch'" in run.stderr


def test_the_page_shows_this_package() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for file in ("pyproject.toml", "src/brightest_voxel/__init__.py"):
        code = (PACKAGE / file).read_text(encoding="utf-8").strip()
        assert code in page, f"docs/write-a-finder.md should show {file} as it is"
