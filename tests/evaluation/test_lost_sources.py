"""Where missed sources were lost, against records of which it is known."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import COST, one_finder, records, rows, truth
from source_samples import sources

from deepfocus.core.catalogue import catalogue
from deepfocus.evaluation.campaign import Found
from deepfocus.evaluation.losses import Loss, count_losses, losses_of, steps_of


def lost(found: Found) -> dict[int, Loss]:
    """By the source's id."""
    return {loss.source: loss for loss in losses_of({"1": found}, {"1": truth()})}


def test_each_loss_has_the_step_after_which_it_is_gone() -> None:
    found = one_finder()
    losses = losses_of(found, records().campaign.truths)
    assert [(loss.key, loss.source, loss.step) for loss in losses] == [
        ("1", 1, "blobs"),
        ("1", 2, "catalogue"),
        ("2", 1, "lines"),
    ]
    assert [loss.ideal_snr for loss in losses] == [5.5, 9.0, 5.5]
    assert steps_of(found) == ("blobs", "lines", "catalogue")
    assert count_losses(losses, steps_of(found)) == {"blobs": 1, "lines": 1, "catalogue": 1}


def test_a_rejected_row_in_its_place_says_why() -> None:
    (_, rejected, _) = losses_of(one_finder(), records().campaign.truths)
    assert rejected.rejected.row == 1
    assert rejected.rejected.apart == 0.0
    assert rejected.rejected.words == "detection probability too low"
    assert rejected.accepted.row == 0


def test_an_accepted_row_in_its_place_says_for_which_it_counts() -> None:
    """Two true sources 2 px apart, one row on them: the second counts as missed."""
    true = sources([20.0, 22.0], [50.0, 50.0], [10.0, 10.0]).with_meta(beam_px=6.0)
    found = Found(sources(20.4, 50.0, 10.0, id=[7]), {}, COST)
    (loss,) = losses_of({"1": found}, {"1": true})
    assert (loss.source, loss.accepted.row) == (2, 7)
    assert loss.accepted.words == "counts for source 1"
    assert loss.accepted.apart == pytest.approx(1.6 / 3)


def test_a_row_that_is_too_far_off_is_named_up_to_two_reaches() -> None:
    near = lost(Found(rows(0, shift=4.5), {}, COST))[1]
    assert near.accepted.words == "too far off"
    assert near.accepted.apart == pytest.approx(1.5)
    far = lost(Found(rows(0, shift=6.5), {}, COST))[1]
    assert (far.accepted.row, far.accepted.words) == (0, "")
    assert np.isnan(far.accepted.apart)


def test_a_source_that_comes_back_is_lost_where_it_is_gone_for_good() -> None:
    """A blob that covers two sources is one, until a later step takes it apart."""
    steps = {"blobs": rows(1), "lines": rows(0, 1), "merged": rows(1)}
    assert lost(Found(rows(1), steps, COST))[1].step == "merged"


def test_a_refused_cube_is_lost_before_any_step() -> None:
    found = {"1": Found(catalogue(), {}, COST, refused="too few channels")}
    losses = losses_of(found, {"1": truth()})
    assert [loss.step for loss in losses] == ["refused"] * 3
    assert count_losses(losses, steps_of(found)) == {"refused": 3, "catalogue": 0}
