"""`detect` and `evaluate` of a store: the same as of the FITS files of the same seeds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from deepfocus.cli import main
from deepfocus.cli.inputs import inputs
from deepfocus.cli.reading import Reading
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.overrides import Overrides

SET_TOML = """
[observation]
size = 128
channels = 32
channel_width = "40 MHz"
[population]
companions = [1, 1]
offset_px = [-20.0, 20.0]
[noise]
kind = "white"
target_snr = [60.0, 60.0]
"""


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds, in the folder `fits` and in the store `s.zarr`."""
    folder = tmp_path_factory.mktemp("sets")
    (folder / "set.toml").write_text(SET_TOML)
    command = ["simulate", str(folder / "set.toml"), "--number", "2", "--first", "5"]
    assert main([*command, "--out", str(folder / "fits")]) == 0
    assert main([*command, "--out", str(folder / "s.zarr"), "--cubes", "exact"]) == 0
    assert main([*command, "--out", str(folder / "bare.zarr"), "--cubes", "none"]) == 0
    return folder


def test_inputs_that_would_be_written_as_one_are_refused(sets: Path) -> None:
    with pytest.raises(DeepFocusError, match=r"5\.fits and seed 5 of .*s\.zarr would both"):
        inputs([sets / "fits" / "5.fits", sets / "s.zarr"], Reading())


def test_a_store_is_detected_and_scored_as_its_files_are(sets: Path, tmp_path: Path) -> None:
    numbers = {}
    for name, given in (
        ("fits", [sets / "fits" / "5.fits", sets / "fits" / "6.fits"]),
        ("s.zarr", [sets / "s.zarr"]),
    ):
        out = tmp_path / name.removesuffix(".zarr")
        assert main(["detect", *map(str, given), "--out", str(out)]) == 0
        score = out / "score.json"
        assert main(["evaluate", str(out), str(sets / name), "--json", str(score)]) == 0
        numbers[name] = json.loads(score.read_text())
        # the last digits of coordinates differ with those of the header
        for measured in (
            "residuals",
            "in_bounds",
            "pulls",
            "pulls_alone",
            "mean_iou",
            "mean_iou_paper_rule",
        ):
            del numbers[name][measured]
    assert numbers["s.zarr"] == numbers["fits"]
    for seed in (5, 6):
        one, other = (
            read_catalogue(tmp_path / name / f"{seed}.catalogue.ecsv") for name in ("fits", "s")
        )
        assert len(one.accepted) >= 1
        for column in ("x", "frequency", "line_flux", "pa"):
            # the same cube on the same grid, whose header has fifteen digits; a fit ends where
            # chi^2 gains less than 0.01, a tenth of an error from its minimum at most
            np.testing.assert_allclose(one[column], other[column], rtol=1e-5)


def test_a_rest_frequency_counts_for_stores_too(sets: Path) -> None:
    (first, _) = inputs([sets / "s.zarr"], Reading(Overrides(rest_hz=115e9)))
    assert first.name == "5"
    assert first.read().grid.rest_hz == 115e9


def test_a_store_without_cubes_or_not_a_store_is_one_line(
    sets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stores = {sets / "bare.zarr": "contains no cubes", tmp_path / "a.zarr": "is not"}
    for store, words in stores.items():
        assert main(["detect", str(store), "--out", str(tmp_path / "out")]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line
    assert not (tmp_path / "out").exists()


def test_a_cube_without_a_catalogue_does_not_drop_out(sets: Path, tmp_path: Path) -> None:
    assert main(["evaluate", str(tmp_path), str(sets / "s.zarr")]) == 2


def test_another_set_under_the_name_of_one_is_searched_anew(sets: Path, tmp_path: Path) -> None:
    store, out = tmp_path / "s.zarr", tmp_path / "found"
    found = []
    for snr in ("60.0, 60.0", "20.0, 20.0"):
        (tmp_path / "set.toml").write_text(SET_TOML.replace("60.0, 60.0", snr))
        shutil.rmtree(store, ignore_errors=True)
        simulate = ["simulate", str(tmp_path / "set.toml"), "--number", "1", "--first", "5"]
        assert main([*simulate, "--out", str(store), "--cubes", "exact"]) == 0
        assert main(["detect", str(store), "--out", str(out), "--resume"]) == 0
        found.append((out / "5.catalogue.ecsv").read_bytes())
    assert found[0] != found[1]
