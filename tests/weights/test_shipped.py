"""The networks that come with the package: complete cards, small files, and sources found."""

import re

import numpy as np
import pytest

from deepfocus.evaluate.score import pool
from deepfocus.pipeline.deepfocus import DeepFocus
from deepfocus.simulate.cube import simulate
from deepfocus.simulate.settings import paper_settings
from deepfocus.weights.card import read_card
from deepfocus.weights.load import ROLES, SHIPPED, load_networks


def test_all_files_are_under_ten_megabytes() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 10_000_000


@pytest.mark.parametrize("role", ROLES)
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


@pytest.mark.slow
def test_sources_of_validation_cubes_are_found() -> None:
    """The benchmark's limits on three cubes: 14 sources, of which 2 may be missed."""
    settings = paper_settings()
    finder = DeepFocus(load_networks())
    pairs = []
    for seed in settings.seeds("validation", 3):
        made = simulate(settings, seed)
        pairs.append((finder.find(made.cube), made.truth))
    result = pool(pairs)
    assert result.one_to_one.recall >= 0.8
    assert result.one_to_one.precision >= 0.8
    x = result.truth_matched["x"] - result.found_matched["x"]
    # far below the matching radius of 3 px; the paper's standard deviation is 0.73 px
    assert np.std(x) < 0.8
