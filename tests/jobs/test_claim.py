"""Output folders: whose they are, and what may be added to them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deepfocus.core.errors import DeepFocusError
from deepfocus.jobs.claim import CLAIM, check_output, claim
from deepfocus.jobs.tally import Tally

MADE_WITH = {"noise": {"kind": "white", "snr": (10.0, 20.0)}, "split": {"train": [0, 9]}}


def test_a_folder_is_claimed_and_more_of_the_same_may_be_added(tmp_path: Path) -> None:
    out = tmp_path / "new" / "set"
    assert claim(out, MADE_WITH, holds="a set") == MADE_WITH
    assert json.loads((out / CLAIM).read_text())["noise"]["kind"] == "white"
    again = claim(out, MADE_WITH, holds="a set")
    assert again["noise"]["snr"] == [10.0, 20.0]


def test_what_differs_is_named(tmp_path: Path) -> None:
    claim(tmp_path, MADE_WITH, holds="a set")
    other = {**MADE_WITH, "noise": {"kind": "thermal", "snr": (10.0, 20.0)}}
    with pytest.raises(DeepFocusError, match=r"holds a set made with other settings: noise\.kind;"):
        claim(tmp_path, other, holds="a set")
    with pytest.raises(DeepFocusError, match="other settings: extra"):
        claim(tmp_path, {**MADE_WITH, "extra": 1}, holds="a set")


def test_free_keys_may_differ_and_stay_as_they_were(tmp_path: Path) -> None:
    claim(tmp_path, MADE_WITH, holds="a set")
    more = {**MADE_WITH, "split": {"train": [0, 20]}}
    assert claim(tmp_path, more, holds="a set", free=("split",))["split"] == {"train": [0, 9]}


@pytest.mark.parametrize("text", ["", "{", "[1]"])
def test_a_damaged_claim_is_said_to_be(tmp_path: Path, text: str) -> None:
    (tmp_path / CLAIM).write_text(text)
    with pytest.raises(DeepFocusError, match="is damaged"):
        claim(tmp_path, MADE_WITH, holds="a set")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for refused in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DeepFocusError, match="is a file"):
            check_output(refused)
    with pytest.raises(DeepFocusError, match="is a file"):
        claim(tmp_path / "file", MADE_WITH, holds="a set")
    assert not (check_output(tmp_path / "made" / "later")).exists()


def test_a_tally_goes_on_from_what_was_finished() -> None:
    seen: list[tuple[int, int, str]] = []
    tally = Tally(5, 3, lambda *said: seen.append(said))
    tally.count("a")
    tally.count("b")
    assert seen == [(4, 5, "a"), (5, 5, "b")]
