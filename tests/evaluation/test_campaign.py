"""Campaigns on tiny cubes: what is written, continued, refused, and on how many workers."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from brightest import SETTINGS, Brightest, Choosy, ReadyBrightest

from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.evaluation.campaign import Campaign, run_campaign
from deepfocus.evaluation.comparison import compare
from deepfocus.evaluation.scenes import Scenes, of_folder, of_set
from deepfocus.finders.finder import Detection
from deepfocus.io.catalogues import read_catalogue, write_catalogue
from deepfocus.jobs.workers import Processes
from deepfocus.simulation.dataset import FitsSet
from deepfocus.simulation.settings import Noise, SetSettings

TWO = {"right": Brightest(), "shifted": Brightest(8.0)}


def scenes(*seeds: int, settings: SetSettings = SETTINGS) -> Scenes:
    return of_set(settings, seeds, name="tiny")


def positions(campaign: Campaign, label: str) -> list[float]:
    return [float(found.catalogue["x"][0]) for found in campaign.found[label].values()]


def nothing_left(self: ReadyBrightest, cube: Cube) -> Detection:
    raise AssertionError("all searches are done: nothing is left to find")


def test_every_finder_searches_every_cube_and_is_judged(tmp_path: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    campaign = run_campaign(
        scenes(7, 8), TWO, folder=tmp_path, report=lambda *done: seen.append(done)
    )
    assert [(done, total) for done, total, _ in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[0][2] == "right 7"
    assert positions(campaign, "shifted") == [x + 8 for x in positions(campaign, "right")]
    assert list(campaign.found["right"]["7"].snapshots) == ["blobs_finder", "focusing"]
    result = compare(campaign, name="tiny")
    counts = {label: each.score.one_to_one for label, each in result.standings.items()}
    # one of the two sources of a cube is the brightest; 8 px off, nothing matches
    assert (counts["right"].tp, counts["right"].fp, counts["right"].fn) == (2, 0, 2)
    assert (counts["shifted"].tp, counts["shifted"].fp) == (0, 2)


def test_a_stopped_campaign_goes_on_and_can_be_added_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_campaign(scenes(7), {"right": Brightest()}, folder=tmp_path)
    both = run_campaign(scenes(7, 8), TWO, folder=tmp_path)
    record = tmp_path / "found" / "right" / "8.json"
    record.unlink()  # as if it had been stopped before the record was written
    again = run_campaign(scenes(7, 8), TWO, folder=tmp_path)
    assert positions(again, "right") == positions(both, "right")
    assert record.is_file()
    monkeypatch.setattr(ReadyBrightest, "find", nothing_left)
    run_campaign(scenes(7, 8), TWO, folder=tmp_path)


def test_other_cubes_or_another_finder_of_the_same_label_are_refused(tmp_path: Path) -> None:
    run_campaign(scenes(), TWO, folder=tmp_path)
    other = dataclasses.replace(SETTINGS, noise=Noise(kind="thermal"))
    with pytest.raises(DeepFocusError, match=r"made with other settings: scenes\.settings\.noise"):
        run_campaign(scenes(settings=other), TWO, folder=tmp_path)
    with pytest.raises(DeepFocusError, match=r"records of 'right' made with.*finder\.shift_px"):
        run_campaign(scenes(), {"right": Brightest(1.0)}, folder=tmp_path)


def test_other_cubes_under_the_same_names_are_refused(tmp_path: Path) -> None:
    """Records of the first would be shown as what a finder made of the second."""
    cubes, records, label = tmp_path / "cubes", tmp_path / "records", "right"
    FitsSet(SETTINGS, cubes).write([7])
    run_campaign(of_folder(cubes), {label: Brightest()}, folder=records)
    FitsSet(SETTINGS, cubes).write([8])  # more of them are welcome
    run_campaign(of_folder(cubes), {label: Brightest()}, folder=records)
    (cubes / "7.pb.fits").write_bytes((cubes / "8.psf.fits").read_bytes())
    with pytest.raises(DeepFocusError, match="records of another 7 than the one there is now"):
        run_campaign(of_folder(cubes), TWO, folder=records)


def test_an_earlier_truth_gets_the_beam_of_its_cube(tmp_path: Path) -> None:
    FitsSet(SETTINGS, tmp_path / "cubes").write([7])
    path = tmp_path / "cubes" / "7.truth.ecsv"
    truth = read_catalogue(path)
    write_catalogue(truth.with_meta(beam_px=None), path)
    folder, label = tmp_path / "records", "right"
    run_campaign(of_folder(tmp_path / "cubes"), {label: Brightest()}, folder=folder)
    filled = read_catalogue(folder / "truth" / "7.ecsv")
    assert filled.meta["beam_px"] == pytest.approx(truth.meta["beam_px"])
    np.testing.assert_array_equal(filled["x"], truth["x"])


def test_a_refused_cube_counts_as_one_with_nothing_found(tmp_path: Path) -> None:
    campaign = run_campaign(scenes(7), {"choosy": Choosy()}, folder=tmp_path)
    standing = compare(campaign, name="tiny").standings["choosy"]
    assert standing.refused == {"7": "a cube; wanted a better one; look for it"}
    assert standing.score.one_to_one.fn == 2
    assert "- 7: a cube" in compare(campaign, name="tiny").report()


def test_costs_are_those_of_the_search(tmp_path: Path) -> None:
    campaign = run_campaign(scenes(7), {"right": Brightest()}, folder=tmp_path)
    cost = campaign.found["right"]["7"].cost
    # a median of 64 x 64 spectra takes milliseconds; the cube itself is held
    assert 0 < cost.cpu_s < 5
    assert 0 < cost.wall_s < 5
    assert cost.peak_bytes > np.zeros((32, 64, 64), np.float32).nbytes


def test_a_finder_pays_for_the_programs_that_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = "import time\nwhile time.process_time() < 0.5: pass"

    def through_a_program(self: ReadyBrightest, cube: Cube) -> Detection:
        subprocess.run([sys.executable, "-c", busy], check=True)
        return Detection(catalogue())

    monkeypatch.setattr(ReadyBrightest, "find", through_a_program)
    campaign = run_campaign(scenes(7), {"right": Brightest()}, folder=tmp_path)
    assert campaign.found["right"]["7"].cost.cpu_s > 0.4


def test_processes_find_what_one_finds(tmp_path: Path) -> None:
    one = {"right": Brightest()}
    here = run_campaign(scenes(7, 8), one, folder=tmp_path / "here")
    there = run_campaign(scenes(7, 8), one, folder=tmp_path / "there", workers=Processes(2))
    assert positions(there, "right") == positions(here, "right")
