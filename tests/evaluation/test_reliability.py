"""Stated probabilities against shares that are true, where the shares are known."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import one_finder, truth
from source_samples import sources

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.flags import Flag
from deepfocus.evaluation.reliability import reliability

N = 2000


def stated(promise: float) -> tuple[Catalogue, Catalogue]:
    """Rows far apart, of which each is true with its probability to the power `promise`."""
    rng = np.random.default_rng(4)
    probability = rng.uniform(0.01, 1.0, N)
    at = np.arange(N) * 50.0, np.zeros(N), np.full(N, 20.0)
    found = sources(*at, probability=probability)
    is_true = rng.random(N) < probability**promise
    return found, sources(*at).where(is_true)


def test_calibrated_probabilities_lie_on_the_diagonal() -> None:
    result = reliability([stated(1.0)])
    assert result.n == N
    # the sum of 2000 draws is known to 2%
    assert result.true == pytest.approx(result.expected, rel=0.06)
    told = [each for each in result.bins if each.n > 20]
    assert len(told) >= 5
    within = [each.share_interval[0] <= each.mean <= each.share_interval[1] for each in told]
    # of 95% intervals, one in twenty misses
    assert sum(within) >= len(told) - 1


def test_too_high_probabilities_lie_below_it() -> None:
    result = reliability([stated(3.0)])
    middle = [each for each in result.bins if 0.3 <= each.low < 0.9]
    assert middle
    assert all(each.share_interval[1] < each.mean for each in middle)
    assert result.true < 0.7 * result.expected


def test_rows_fall_into_bins_as_they_do_by_hand() -> None:
    found = one_finder()
    result = reliability([(found[key].catalogue, truth()) for key in found])
    by_low = {each.low: (each.n, each.true) for each in result.bins if each.n}
    # 0.2 was rejected for its probability alone, and is true; 0.6 is the false one
    assert by_low == {0.1: (1, 1), 0.5: (1, 0), 0.7: (1, 1), 0.9: (2, 2)}
    assert result.expected == pytest.approx(0.2 + 0.9 + 0.8 + 0.95 + 0.6)


def test_what_is_rejected_for_another_reason_or_states_nothing_is_not_judged() -> None:
    flags = [0, int(Flag.SIDELOBE), int(Flag.LOW_PROBABILITY | Flag.SIDELOBE)]
    at = np.array([20.0, 60.0, 100.0])
    found = sources(at, at, at, flag=flags, probability=[1.0, 0.9, 0.1])
    silent = sources(at, at, at)
    result = reliability([(found, silent), (silent, silent)])
    assert (result.n, result.true) == (1, 1)
    assert result.bins[-1].n == 1  # 1 itself belongs to the last bin
