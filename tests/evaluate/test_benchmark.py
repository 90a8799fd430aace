"""The benchmark on tiny cubes with a finder that knows only the brightest voxel."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.evaluate.benchmark import run_benchmark
from deepfocus.finders.finder import Detection, ReadyFinder
from deepfocus.instrument.observation import Observation
from deepfocus.jobs.workers import Processes
from deepfocus.simulate.settings import Noise, SetSettings
from deepfocus.sky.population import PaperPopulation

SETTINGS = SetSettings(
    observation=Observation(size=64, channels=32),
    population=PaperPopulation(companions=(1, 1), sigma_px=(2.0, 2.5), offset_px=(-15.0, 15.0)),
    noise=Noise(kind="white", target_snr=(50.0, 50.0)),
)


@dataclass(frozen=True)
class Brightest:
    """A finder that knows only the brightest voxel of the line emission."""

    kind: ClassVar[str] = "brightest"
    summary: ClassVar[str] = "the brightest voxel"

    name: str = "a"

    def ready(self) -> ReadyFinder:
        return ReadyBrightest()


@dataclass(frozen=True)
class ReadyBrightest:
    provenance: ClassVar[dict[str, str]] = {}

    def find(self, cube: Cube) -> Detection:
        """One candidate in the image, then one in the cube."""
        line = cube.data - np.median(cube.data, axis=0)
        channel, y, x = np.unravel_index(np.argmax(line), line.shape)
        found = catalogue(x=[x], y=[y], channel=[channel])
        return Detection(found, {"blobs_finder": catalogue(x=[x], y=[y]), "focusing": found})


def nothing_left(self: ReadyBrightest, cube: Cube) -> Detection:
    raise AssertionError("all cubes are done: nothing is left to find")


def test_run_is_written_and_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int, str]] = []
    first = run_benchmark(
        SETTINGS, [7], Brightest(), folder=tmp_path, report=lambda *done: seen.append(done)
    )
    assert seen == [(1, 1, "7")]
    # One of the two sources is the brightest; its line stands 50 sigma above the noise.
    assert first.stages[-1].one_to_one.tp == 1
    assert first.score.one_to_one == first.stages[-1].one_to_one
    both = run_benchmark(SETTINGS, [7, 8], Brightest(), folder=tmp_path)
    assert both.seeds == (7, 8)
    assert both.score.cubes == 2
    monkeypatch.setattr(ReadyBrightest, "find", nothing_left)
    again = run_benchmark(SETTINGS, [7, 8], Brightest(), folder=tmp_path)
    assert again.as_dict() == both.as_dict()
    stored = json.loads((tmp_path / "result.json").read_text())
    assert stored["score"]["one_to_one"]["tp"] == both.score.one_to_one.tp
    assert "After each stage" in (tmp_path / "result.md").read_text()


def test_unfinished_cube_is_done_again(tmp_path: Path) -> None:
    run_benchmark(SETTINGS, [7], Brightest(), folder=tmp_path)
    record = tmp_path / "cubes" / "7.json"
    record.unlink()
    run_benchmark(SETTINGS, [7], Brightest(), folder=tmp_path)
    assert record.is_file()


def test_folder_of_another_benchmark_is_refused(tmp_path: Path) -> None:
    run_benchmark(SETTINGS, [], Brightest(), folder=tmp_path)
    with pytest.raises(DeepFocusError, match="other settings"):
        run_benchmark(SETTINGS, [], Brightest("b"), folder=tmp_path)
    other = dataclasses.replace(SETTINGS, noise=Noise(kind="thermal"))
    with pytest.raises(DeepFocusError, match="another --out"):
        run_benchmark(other, [], Brightest(), folder=tmp_path)


@pytest.mark.slow
def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    one = run_benchmark(SETTINGS, [7, 8], Brightest(), folder=tmp_path / "one")
    two = run_benchmark(
        SETTINGS, [7, 8], Brightest(), folder=tmp_path / "two", workers=Processes(2)
    )
    assert two.score.as_dict() == one.score.as_dict()
