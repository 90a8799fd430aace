"""The networks that come with the package: complete cards, small files, and sources found."""

import json
import re
from pathlib import Path

import pytest

from deepfocus.simulation.sets import paper_settings
from deepfocus.weights.card import read_card
from deepfocus.weights.load import SHIPPED
from deepfocus.weights.six import ROLES


def test_all_files_are_under_ten_megabytes() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 10_000_000


@pytest.mark.parametrize("role", [*ROLES, "decoras"])
def test_a_card_says_where_its_weights_come_from(role: str) -> None:
    card = read_card(SHIPPED / f"{role}.json")
    assert card.role == role
    assert len(card.validation_curve) == card.epochs > 0
    assert card.scores["validation_loss"] == pytest.approx(min(card.validation_curve))
    assert re.match("[0-9a-f]{7}", card.commit)
    assert card.data_seeds["train"]
    assert card.recipe["loss"]
    # the test seeds were not learnt from
    test = paper_settings().split.test
    for first, number in card.data_seeds.values():
        assert first + number <= test[0] or first >= sum(test)


def test_sources_of_validation_cubes_are_found() -> None:
    """Of the cubes that the guard records (tests/guard), which hold 83 sources of the paper's."""
    record = json.loads((Path(__file__).parents[1] / "guard" / "guard.json").read_text("utf-8"))
    steps = [steps["catalogue"] for name, steps in record["cubes"].items() if "paper" in name]
    found, missed, false = (
        sum(step[count] for step in steps)
        for count in ("true_positives", "missed", "false_positives")
    )
    assert found / (found + missed) >= 0.95
    assert found / (found + false) >= 0.95
