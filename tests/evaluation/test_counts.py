"""Ratios of counts and their Wilson intervals."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.evaluation.counts import Counts, wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "expected"),
    # Newcombe (1998), Statistics in Medicine 17, 857, table I, method 3, to 4 decimals.
    [
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
    ],
)
def test_wilson_interval(successes: int, trials: int, expected: tuple[float, float]) -> None:
    assert wilson_interval(successes, trials) == pytest.approx(expected, abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilson_interval_holds_the_fraction(tp: int, fn: int) -> None:
    low, high = Counts(tp=tp, fn=fn).recall_interval()
    if tp + fn == 0:
        assert math.isnan(low)
        assert math.isnan(high)
    else:
        assert 0 <= low <= tp / (tp + fn) <= high <= 1
        # Counting misses instead of hits mirrors the interval.
        assert wilson_interval(fn, tp + fn) == pytest.approx((1 - high, 1 - low))


def test_ratios() -> None:
    counts = Counts(tp=6, fp=2, fn=4)
    assert (counts.precision, counts.recall) == (0.75, 0.6)
    assert counts.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert counts.n_true == 10
    assert counts + Counts(tp=1, fp=2, fn=3) == Counts(tp=7, fp=4, fn=7)


def test_nothing_counted_is_not_a_number() -> None:
    nothing = Counts()
    assert math.isnan(nothing.precision)
    assert math.isnan(nothing.recall)
    assert math.isnan(nothing.f1)
    assert nothing.as_dict()["precision"] is None
