"""Cubes that are made and searched once more, to be shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from brightest import SETTINGS
from recorded import one_finder, records

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.campaign import Campaign
from deepfocus.evaluation.examples import Example, examples, summed_sky
from deepfocus.evaluation.records import Records
from deepfocus.finders.kinds import finder_to
from deepfocus.finders.paper.finder import Paper
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import set_to

SEEDS = (7, 8)


@pytest.fixture(scope="module")
def truths() -> dict[str, Catalogue]:
    """Of two cubes of two sources; the first of which has lost one."""
    made = {str(seed): simulate(SETTINGS, seed).truth for seed in SEEDS}
    return made | {"7": made["7"].at(np.array([0]))}


def of(truths: dict[str, Catalogue], finder: dict[str, object] | None = None) -> Records:
    scenes = {"settings": {k: v for k, v in set_to(SETTINGS).items() if k != "split"}}
    return Records("tiny", Campaign(truths, {}), scenes, {"other": {"finder": finder or {}}})


@pytest.fixture(scope="module")
def shown(truths: dict[str, Catalogue]) -> tuple[Example, ...]:
    return examples(of(truths))


def test_the_cube_with_most_sources_is_the_first(shown: tuple[Example, ...]) -> None:
    assert [each.key for each in shown] == ["8", "7"]
    assert len(shown[0].truth) == 2


def test_without_one_of_the_six_networks_slim_searches_it(shown: tuple[Example, ...]) -> None:
    assert {each.label for each in shown} == {"slim"}
    # both lines stand far above the noise, and each blob is where a source is
    assert len(shown[0].blobs) >= 1
    assert list(shown[0].detection.snapshots) == ["blobs_finder", "deep_gru", "focusing"]


def test_a_finder_of_the_records_is_taken_if_it_has_these_steps(
    truths: dict[str, Catalogue],
) -> None:
    (shown,) = examples(of({"8": truths["8"]}, finder_to(Paper())))
    assert shown.label == "other"


def test_the_sky_is_summed_over_channels() -> None:
    made = simulate(SETTINGS, 7)
    sky = np.einsum("pk,pyx->kyx", made.sky.spectra(), made.sky.images())
    np.testing.assert_allclose(summed_sky(made), sky.sum(axis=0), rtol=1e-6)


def test_a_set_that_cannot_be_made_again_has_none(truths: dict[str, Catalogue]) -> None:
    known = of(truths)
    injected = {**known.scenes, "injection": {"number": 1}}
    for scenes in ({}, {"folder": "here"}, injected):
        assert examples(replace(known, scenes=scenes)) == ()
    assert examples(records(one=one_finder())) == ()
