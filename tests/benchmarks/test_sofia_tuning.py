"""The script that tries SoFiA-2's settings: what was linked is judged anew as the finder judges."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import sofia_tuning
from sofia_tuning import Trial, judged, judges, searches

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.flags import Flag
from deepfocus.evaluation.campaign import Campaign, Cost, Found
from deepfocus.evaluation.counts import Counts
from deepfocus.finders.sofia.finder import Sofia
from deepfocus.finders.sofia.judging import PositiveAlone, Reliability

LINKED = catalogue(
    x=[10.0, 30.0, 50.0], y=[10.0, 30.0, 50.0], channel=[5.0, 5.0, 5.0], snr_focused=[3.5, 6.0, 9.0]
)


def found(reliability: list[float]) -> Found:
    """What a search linked, and how its own settings judged it: all rejected."""
    own = LINKED.with_columns(probability=reliability, flag=np.full(3, int(Flag.LOW_FIDELITY)))
    return Found(own, {"linked": LINKED}, Cost(1.0, 1.0, 1))


def accepted(sources: Catalogue) -> list[float]:
    return list(sources.accepted["x"])


def test_reliabilities_and_signal_to_noise_judge_where_they_were_measured() -> None:
    measured = found([0.95, 0.2, 1.0])
    assert accepted(judged(measured, Reliability(min_reliability=0.9, min_snr=3.0))) == [10.0, 50.0]
    assert accepted(judged(measured, Reliability(min_reliability=0.0, min_snr=5.0))) == [30.0, 50.0]


def test_signal_to_noise_judges_alone_where_they_were_not() -> None:
    none = found([np.nan] * 3)
    assert accepted(judged(none, Reliability(min_snr_alone=5.0))) == [30.0, 50.0]
    assert accepted(judged(none, PositiveAlone(min_snr=8.0))) == [50.0]


def test_a_refused_cube_has_nothing_to_judge() -> None:
    refused = Found(catalogue(), {}, Cost(1.0, 1.0, 1), refused="no beam")
    assert len(judged(refused, Reliability())) == 0


def test_each_search_has_a_name_and_the_defaults_are_among_the_trials() -> None:
    made = dict(searches())
    assert len(made) == len(list(searches())) == len(set(made.values()))
    tried = [replace(each, judge=judge) for each in made.values() for judge in judges(each.judge)]
    assert tried.count(Sofia()) == 1


def test_counts_of_all_sets_are_pooled() -> None:
    trial = Trial(Sofia(), {"paper": Counts(3, 1, 0), "empty": Counts(0, 2, 0)})
    assert trial.pooled == Counts(3, 3, 0)
    line = json.loads(json.dumps(trial.as_dict()))
    assert line["f1"] == 6 / 9
    assert line["settings"]["threshold"] == Sofia().threshold


def test_every_cube_of_a_campaign_counts() -> None:
    truth = catalogue(x=[50.0, 90.0], y=[50.0, 90.0], channel=[5.0, 5.0], line_fwhm_chan=[4.0, 4.0])
    truths = {key: truth.with_meta(beam_px=6.0, channels=20) for key in "ab"}
    campaign = Campaign(truths, {"one": dict.fromkeys("ab", found([0.95, 0.2, 1.0]))})
    strict = Reliability(min_reliability=0.9, min_snr=5.0)
    assert sofia_tuning.counts_of(campaign, "one", strict) == Counts(tp=2, fp=0, fn=2)
