"""The paired bootstrap: known spreads, known differences, and none where there is none."""

from __future__ import annotations

import numpy as np

from deepfocus.evaluation.bootstrap import Difference, differences
from deepfocus.evaluation.counts import Counts


def found(detected: np.ndarray) -> list[Counts]:
    """Cubes of four sources each, of which so many are found, nothing false."""
    return [Counts(tp=int(n), fn=4 - int(n)) for n in detected]


def difference(measure: str, **by_finder: list[Counts]) -> Difference:
    return next(each for each in differences(by_finder) if each.measure == measure)


def test_the_interval_is_that_of_the_mean_of_paired_differences(
    rng: np.random.Generator,
) -> None:
    one, other = rng.binomial(4, 0.8, size=200), rng.binomial(4, 0.7, size=200)
    made = difference("recall", one=found(one), other=found(other))
    per_cube = (one - other) / 4
    assert np.isclose(made.value, per_cube.mean())
    expected = 2 * 1.96 * per_cube.std() / np.sqrt(200)
    # 10,000 draws give the ends of the interval to about 2% of its length
    assert abs((made.high - made.low) / expected - 1) < 0.05
    assert made.real


def test_luck_that_both_share_does_not_widen_it(rng: np.random.Generator) -> None:
    hard = rng.binomial(4, 0.5, size=100)
    one_fewer = np.maximum(hard - (np.arange(100) % 10 == 0), 0)
    made = difference("recall", one=found(hard), other=found(one_fewer))
    assert made.real
    # unpaired, the interval of two recalls of 0.5 would be seven times as wide
    assert made.high - made.low < 0.05


def test_the_same_finder_twice_differs_in_nothing(rng: np.random.Generator) -> None:
    same = found(rng.binomial(4, 0.5, size=50))
    for made in differences({"one": same, "other": same}):
        assert (made.value, made.low, made.high, made.real) == (0.0, 0.0, 0.0, False)


def test_equal_finders_seldom_count_as_different(rng: np.random.Generator) -> None:
    """At 95 per cent, 2 of 40 equal pairs differ by chance; more than 7 in 1 of 1000 runs."""
    wrong = 0
    for _ in range(40):
        one, other = rng.binomial(4, 0.7, size=(2, 60))
        wrong += difference("recall", one=found(one), other=found(other)).real
    assert wrong <= 7


def test_few_cubes_prove_nothing() -> None:
    good, bad = found(np.full(19, 4)), found(np.full(19, 1))
    assert not difference("recall", good=good, bad=bad).real
    good, bad = found(np.full(20, 4)), found(np.full(20, 1))
    assert difference("recall", good=good, bad=bad).real


def test_precision_that_is_not_known_has_no_interval() -> None:
    made = difference("precision", one=found(np.full(30, 2)), other=found(np.zeros(30)))
    assert np.isnan(made.value)
    assert made.as_dict()["difference"] is None
    assert not made.real
