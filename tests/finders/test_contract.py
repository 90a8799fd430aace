"""The contract of every finder: columns, flags, reasons, odd cubes, settings that round-trip."""

from __future__ import annotations

import pickle
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from finder_cubes import cube_with, empty_cube, source

import deepfocus as df
from deepfocus.cli import main
from deepfocus.core.catalogue import NAMES
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel
from deepfocus.finders.finder import ReadyFinder
from deepfocus.finders.kinds import OURS, finder_class, finder_from, finder_to
from deepfocus.io.catalogues import read_catalogue
from deepfocus.io.write_cube import write_cube

SOURCES = [
    source(45.0, 52.0, 20.0, size_px=6.0, snr=60, continuum_jy=0.02),
    source(84.0, 75.0, 44.0, size_px=6.0, snr=80, continuum_jy=0.02),
]
PACKAGES = {"photutils": "photutils", "pybdsf": "bdsf", "aegean": "AegeanTools"}
"""What a finder of the extra [peers] imports."""
NEEDS = {
    "sofia": pytest.mark.skipif(shutil.which("sofia") is None, reason="needs the program sofia"),
    **{
        kind: pytest.mark.skipif(find_spec(module) is None, reason="needs the extra [peers]")
        for kind, module in PACKAGES.items()
    },
}
RUNNABLE = [pytest.param(kind, marks=[NEEDS[kind]] if kind in NEEDS else []) for kind in OURS]
MEASURED = ("x", "y", "ra", "dec", "channel", "frequency", "line_fwhm", "line_flux", "peak")


@pytest.fixture(scope="module")
def cube() -> Cube:
    return cube_with(SOURCES)


@pytest.fixture(scope="module", params=RUNNABLE)
def ready(request: pytest.FixtureRequest) -> ReadyFinder:
    return finder_class(request.param)().ready()


def test_a_catalogue_has_all_columns_and_says_where_sources_are(
    ready: ReadyFinder, cube: Cube
) -> None:
    detection = ready.find(cube)
    for found in (detection.catalogue, *detection.snapshots.values()):
        assert tuple(found.table.colnames) == NAMES
    found = detection.catalogue.accepted
    assert 1 <= len(found) <= 4
    for each in SOURCES:
        assert np.hypot(found["x"] - each.x, found["y"] - each.y).min() < 3
    for name in MEASURED:
        assert np.isfinite(found[name]).all(), name
    assert detection.snapshots, "no step has left anything"


def test_every_rejected_candidate_has_its_reason(ready: ReadyFinder, cube: Cube) -> None:
    found = ready.find(cube).catalogue
    assert all((flag == 0) == (reason == "") for flag, reason in zip(
        found["flag"], found["reason"], strict=True))  # fmt: skip
    assert len(set(found["id"])) == len(found)


def test_evidence_is_of_candidates_that_are_there(ready: ReadyFinder, cube: Cube) -> None:
    detection = ready.find(cube)
    ids = set(detection.catalogue["id"])
    fields = [panel for panel in detection.evidence if isinstance(panel, ImagePanel)]
    assert fields
    assert all(panel.image.shape == cube.data.shape[1:] for panel in fields)
    of_sources = [p for p in detection.evidence if isinstance(p, SpectrumPanel | CutoutPanel)]
    assert {panel.source_id for panel in of_sources} <= ids
    for panel in of_sources:
        if isinstance(panel, SpectrumPanel):
            assert len(panel.measured.values) == len(cube.data)


def test_the_same_cube_gives_the_same_catalogue(ready: ReadyFinder, cube: Cube) -> None:
    one, other = (ready.find(cube).catalogue for _ in range(2))
    for name in NAMES:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_cube_without_data_is_refused(ready: ReadyFinder, cube: Cube) -> None:
    with pytest.raises(DeepFocusError, match="no finite value"):
        ready.find(cube.with_data(np.full_like(cube.data, np.nan)))


def test_missing_edges_and_channels_are_no_sources(ready: ReadyFinder, cube: Cube) -> None:
    data = cube.data.copy()
    yy, xx = np.mgrid[:128, :128]
    data[:, np.hypot(yy - 64, xx - 64) > 60] = np.nan
    data[3] = np.nan
    found = ready.find(cube.with_data(data)).catalogue.accepted
    assert 1 <= len(found) <= 4
    for each in SOURCES:
        assert np.hypot(found["x"] - each.x, found["y"] - each.y).min() < 3


@pytest.mark.parametrize("shape", [(8, 40, 64), (20, 70, 40)])
def test_small_cubes_are_searched(ready: ReadyFinder, shape: tuple[int, int, int]) -> None:
    detection = ready.find(empty_cube(shape=shape))
    assert tuple(detection.catalogue.table.colnames) == NAMES


@pytest.mark.parametrize("kind", OURS)
def test_settings_are_values(kind: str) -> None:
    finder = finder_class(kind)()
    assert finder.kind == kind
    assert "\n" not in finder.summary
    assert hash(finder) == hash(finder_class(kind)())
    assert finder_from(finder_to(finder)) == finder
    assert pickle.loads(pickle.dumps(finder)) == finder  # it is sent to workers
    with pytest.raises(DeepFocusError, match="unknown setting 'colour'"):
        finder_from({"kind": kind, "colour": "red"})


@pytest.mark.parametrize("kind", RUNNABLE)
def test_the_command_and_python_find_the_same(
    kind: str, cube: Cube, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_cube(cube, tmp_path / "cube.fits")[0]
    out = tmp_path / "out"
    assert main(["detect", str(file), "--out", str(out), "--finder", kind]) == 0
    found = read_catalogue(out / "cube.catalogue.ecsv")
    from_python = df.detect(file, finder=kind).catalogue
    assert tuple(found.table.colnames) == tuple(from_python.table.colnames) == NAMES
    for name in ("x", "y", "channel", "line_flux", "flag"):
        np.testing.assert_allclose(found[name], from_python[name], rtol=1e-12)
    assert f'kind = "{kind}"' in (out / "cube.settings.toml").read_text()
    assert (out / "cube.png").exists()
    assert "sources" in capsys.readouterr().out


def test_finders_without_networks_take_no_weights(
    cube: Cube, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_cube(cube, tmp_path / "cube.fits")[0]
    arguments = ["detect", str(file), "--out", str(tmp_path / "out"), "--weights", "w"]
    assert main([*arguments, "--finder", "matched_filter"]) == 2
    assert "'matched_filter', which has no networks" in capsys.readouterr().err
