"""Records of a benchmark read again, and what cannot be compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
from brightest import SETTINGS, Brightest
from recorded import records

from deepfocus.core.errors import DeepFocusError
from deepfocus.evaluation.campaign import run_campaign
from deepfocus.evaluation.records import is_records, read_records, refuse_unlike
from deepfocus.evaluation.scenes import of_set


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finders on two cubes."""
    folder = tmp_path_factory.mktemp("campaign") / "tiny"
    finders = {"right": Brightest(), "shifted": Brightest(8.0)}
    run_campaign(of_set(SETTINGS, (7, 8), name="tiny"), finders, folder=folder)
    return folder


@pytest.fixture
def folder(campaign: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(copytree(campaign, tmp_path / "tiny"))


def test_what_a_benchmark_left_is_read_again(folder: Path) -> None:
    assert is_records(folder)
    read = read_records(folder)
    assert read.name == "tiny"
    assert list(read.campaign.truths) == ["7", "8"]
    assert list(read.campaign.found) == ["right", "shifted"]
    assert list(read.campaign.found["right"]["7"].snapshots) == ["blobs_finder", "focusing"]
    assert read.finders["shifted"]["finder"]["shift_px"] == 8.0
    assert read.scenes["settings"]["observation"]["size"] == 64
    assert read.notes == ()


def test_cubes_that_not_all_finders_have_searched_are_left_out(folder: Path) -> None:
    (folder / "found" / "shifted" / "8.json").unlink()
    read = read_records(folder)
    assert list(read.campaign.truths) == ["7"]
    assert read.notes == ("tiny: 1 cube that all finders have searched; searched: right 2",)


def test_a_finder_that_has_searched_nothing_yet_is_left_out(folder: Path) -> None:
    for record in (folder / "found" / "shifted").glob("[78].json"):
        record.unlink()
    assert list(read_records(folder).campaign.found) == ["right"]


def test_folders_without_records_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DeepFocusError, match="has no records"):
        read_records(tmp_path)
    for label, key in (("right", 7), ("shifted", 8)):
        (folder / "found" / label / f"{key}.json").unlink()
    with pytest.raises(DeepFocusError, match="no cube that all of its finders have searched"):
        read_records(folder)


def test_damaged_settings_are_refused(folder: Path) -> None:
    (folder / "settings.json").write_text("{")
    with pytest.raises(DeepFocusError, match=r"settings\.json is damaged"):
        read_records(folder)


def test_sets_that_do_not_match_are_refused() -> None:
    one, other = records("one"), records("other")
    refuse_unlike([one, other])
    with pytest.raises(DeepFocusError, match="two sets are called one"):
        refuse_unlike([one, records("one")])
    with_limit = [
        replace(each, finders={"one": {"finder": {"limit": limit}}})
        for each, limit in ((one, 1.0), (other, 2.0))
    ]
    with pytest.raises(DeepFocusError, match=r"other holds records of another 'one'.*finder"):
        refuse_unlike(with_limit)
