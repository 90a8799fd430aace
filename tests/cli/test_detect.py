"""`detect` and `demo` through the command.

What is tested is what the command does with files, so the networks need not be trained; a
finder that knows the truth stands in where they need not even run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from deepfocus.cli import main
from deepfocus.cli.products import LAST, PRODUCTS
from deepfocus.cli.source_table import sources_table
from deepfocus.core.catalogue import catalogue
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.simulation.cube import Simulated
from deepfocus.simulation.settings import SetSettings
from deepfocus.weights.load import SHIPPED


@pytest.fixture
def cube_file(small: Simulated, tmp_path: Path) -> Path:
    return write_cube(small.cube, tmp_path / "in" / "cube.fits")[0]


@pytest.mark.usefixtures("knowing")
def test_detect_writes_all_products(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["detect", str(cube_file), "--out", str(out)]) == 0
    assert {p.name for p in out.iterdir()} == {f"cube.{end}" for end in (*PRODUCTS, LAST)}
    found = read_catalogue(out / "cube.catalogue.ecsv")
    for suffix in ("fits", "vot"):
        other = read_catalogue(out / f"cube.catalogue.{suffix}")
        np.testing.assert_array_equal(other["x"], found["x"])
    assert found["flag"].dtype == np.int64
    assert tomllib.loads((out / "cube.settings.toml").read_text())
    assert (out / "cube.png").read_bytes().startswith(b"\x89PNG")
    report = (out / "cube.report.html").read_text(encoding="utf-8")
    assert "<title>cube: 2 sources, 1 rejected candidate</title>" in report
    assert (out / "cube.settings.toml").read_text().strip() in unescape(report)
    np.testing.assert_array_equal(found["flag"], [0, 0, 1])
    streams = capsys.readouterr()
    assert "cube: 2 sources, 1 rejected candidate\n" in streams.out
    assert len(streams.out.strip().splitlines()) == 4  # that line, a heading, two sources
    assert "deepfocus: cube: note: a note\n" in streams.err


@pytest.mark.usefixtures("knowing")
def test_bad_file_among_good_ones(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.fits"
    bad.write_text("no")
    out = tmp_path / "out"
    assert main(["detect", str(bad), str(cube_file), "--workers", "1", "--out", str(out)]) == 2
    assert (out / "cube.catalogue.ecsv").exists()
    assert not list(out.glob("bad*"))
    complaints = [
        line
        for line in capsys.readouterr().err.splitlines()
        if line.startswith("deepfocus: ") and "note:" not in line
    ]
    assert len(complaints) == 2
    assert "bad.fits is not a FITS file" in complaints[0]
    assert complaints[1] == "deepfocus: 1 of 2 cubes could not be used: bad"


def test_covariances_are_those_of_the_errors_in_the_catalogue(
    cube_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    arguments = ["detect", str(cube_file), "--out", str(out), "--covariance"]
    assert main(arguments) == 0
    covariance = Table.read(out / "cube.covariance.ecsv")
    found = read_catalogue(out / "cube.catalogue.ecsv")
    rows = found.at(np.searchsorted(found["id"], covariance["id"])).rows
    assert len(covariance) >= 1
    for column, of in (("x", "x"), ("channel", "channel"), ("line_flux", "flux")):
        np.testing.assert_allclose(rows[column], covariance[of], rtol=1e-5)
        variance = covariance[f"cov_{of}_{of}"]
        np.testing.assert_allclose(rows[f"{column}_err"], np.sqrt(variance), rtol=1e-5)
    assert covariance["cov_x_flux"].unit == "pix Jy km / s"
    (out / "cube.covariance.ecsv").unlink()
    assert main([*arguments, "--resume"]) == 0
    assert (out / "cube.covariance.ecsv").is_file()


def test_cutouts_are_those_of_the_command_and_the_same_each_time(
    cube_file: Path, tmp_path: Path
) -> None:
    arguments = ["detect", str(cube_file), "--cutouts"]
    for out in ("one", "other"):
        assert main([*arguments, "--out", str(tmp_path / out)]) == 0
    archives = [(tmp_path / out / "cube.cutouts.zip").read_bytes() for out in ("one", "other")]
    assert archives[0] == archives[1]
    catalogue = tmp_path / "one" / "cube.catalogue.ecsv"
    cut = tmp_path / "cut"
    assert main(["cutouts", str(catalogue), str(cube_file), "--out", str(cut)]) == 0
    with zipfile.ZipFile(tmp_path / "one" / "cube.cutouts.zip") as archive:
        members = {Path(name).name: archive.read(name) for name in archive.namelist()}
    assert members == {
        file.name: file.read_bytes() for file in cut.iterdir() if file.name != "cube.mask.fits"
    }
    page = (tmp_path / "one" / "cube.report.html").read_text(encoding="utf-8")
    assert '<a href="cube.cutouts.zip" download>' in page


@pytest.mark.usefixtures("knowing")
def test_a_finder_without_covariances_says_so(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["detect", str(cube_file), "--out", str(out), "--covariance"]) == 2
    assert "this finder knows no covariances" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("knowing")
def test_resume_skips_what_is_finished_with_the_same_settings(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    arguments = ["detect", str(cube_file), "--out", str(out), "--resume"]
    assert main(arguments) == 0
    written = (out / "cube.catalogue.ecsv").stat().st_mtime_ns
    settings = out / "cube.settings.toml"
    assert main([*arguments, "--settings", str(settings)]) == 0
    assert "finished before" in capsys.readouterr().err
    assert (out / "cube.catalogue.ecsv").stat().st_mtime_ns == written
    (out / "cube.png").unlink()
    assert main(arguments) == 0
    assert "finished before" not in capsys.readouterr().err
    assert (out / "cube.png").exists()


def test_networks_of_a_folder_run_without_torch(
    cube_file: Path, untrained: Path, tmp_path: Path
) -> None:
    code = (
        "import sys\n"
        "from deepfocus.cli import main\n"
        "code = main(sys.argv[1:])\n"
        "assert 'onnxruntime' in sys.modules\n"
        "bad = [name for name in ('torch', 'onnx') if name in sys.modules]\n"
        "sys.exit(code or bool(bad))\n"
    )
    arguments = ["detect", str(cube_file), "--out", str(tmp_path / "out"), "--finder", "slim"]
    command = [sys.executable, "-c", code, *arguments, "--weights", str(untrained)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out" / "cube.catalogue.ecsv").exists()


def test_weights_that_are_not_there_end_the_run(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, weights = tmp_path / "out", tmp_path / "none"
    arguments = ["detect", str(cube_file), "--out", str(out), "--weights", str(weights)]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "--weights with the finder 'deepfocus', which has no networks" in said
    assert "add --finder slim" in said
    assert main([*arguments, "--finder", "slim"]) == 2
    assert "cannot read the weight card" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("knowing")
def test_demo(
    small_settings: SetSettings,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("deepfocus.simulation.sets.paper_settings", lambda: small_settings)
    out = tmp_path / "demo"
    assert main(["demo", "--out", str(out), "--seed", "3"]) == 0
    shown = capsys.readouterr().out
    assert "2 true sources, 2 found, 0 spurious" in shown
    assert shown.count("\n   found") + shown.count("\nfound") == 2
    beside = ("fits", "psf.fits", "pb.fits", "truth.ecsv")
    for ending in (*beside, "catalogue.ecsv", "png", "report.html"):
        assert (out / f"demo.{ending}").exists()


@pytest.mark.usefixtures("knowing")
def test_progress_counts_files_that_failed(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.fits"
    bad.write_text("no")
    assert (
        main(["detect", str(bad), str(cube_file), "--workers", "1", "--out", str(tmp_path / "out")])
        == 2
    )
    steps = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line[0] == "{"]
    assert [(step["done"], step["total"]) for step in steps] == [(2, 2)]


def test_numbers_of_any_size_keep_the_table_narrow() -> None:
    found = catalogue(line_flux=[2.7e-19, 0.0, 2.6e31, 12.5, np.nan])
    cells = [line.split()[-2] for line in sources_table(found).splitlines()[1:]]
    assert cells == ["2.70e-19", "0.0000", "2.60e+31", "12.5000", "-"]


def test_what_to_keep_in_mind_stands_below_the_table() -> None:
    warning = "near the edge of the image"
    found = catalogue(x=[3.0, 4.0, 5.0], flag=[0, 0, 1], warning=["", warning, warning])
    assert sources_table(found).splitlines()[3:] == [f"source 2: {warning}"]


def test_a_card_that_the_network_does_not_fit(
    small: Simulated, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cube = write_cube(small.cube, tmp_path / "in" / "cube.fits")[0]
    weights = tmp_path / "weights"
    shutil.copytree(SHIPPED, weights)
    card = json.loads((weights / "flux.json").read_text())
    card["input"]["crop_px"] = 32
    (weights / "flux.json").write_text(json.dumps(card))
    out = tmp_path / "out"
    arguments = ["detect", str(cube), "--out", str(out), "--finder", "slim"]
    assert main([*arguments, "--weights", str(weights)]) == 2
    assert "wanted 1 x 64 x 64" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.usefixtures("knowing")
def test_a_wrong_finder_gets_the_list_of_right_ones(
    cube_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["detect", str(cube_file), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--finder", "slimm"]) == 2
    said = capsys.readouterr().err
    assert "no finder is called 'slimm'; wanted one of deepfocus, slim" in said
    assert "did you mean 'slim'?" in said


def test_finders_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["finders"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0].startswith("deepfocus ")
    assert all(len(line.split(maxsplit=1)) == 2 for line in listed)
    assert any(line.startswith("blobcat-tuned ") for line in listed)
