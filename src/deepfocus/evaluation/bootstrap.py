"""Which differences between finders are real: a paired bootstrap over cubes.

Results of two finders on the same cubes are correlated: a cube that is hard for one is hard for
the other. So whole cubes are resampled, together with the results of both finders (Efron &
Tibshirani 1993, chapter 13: percentile intervals).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from deepfocus.evaluation.counts import CONFIDENCE, Counts, finite_or_none

DRAWS = 10_000
SEED = 20221
FEWEST = 20
"""Minimum number of cubes: with fewer, resampling says little and no difference counts as real."""


@dataclass(frozen=True)
class Difference:
    """One finder's measure minus another's, over the same cubes.

    low, high : 95 per cent interval; NaN if the measure is undefined in some draws
    """

    measure: str
    one: str
    other: str
    cubes: int
    value: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether the interval excludes 0 and there are enough cubes to tell."""
        return self.cubes >= FEWEST and (self.low > 0 or self.high < 0)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "measure": self.measure,
            "one": self.one,
            "other": self.other,
            "difference": finite_or_none(self.value),
            "interval_95": [finite_or_none(self.low), finite_or_none(self.high)],
            "real": self.real,
        }


def recall(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """TP / (TP + FN)."""
    return _ratio(tp, tp + fn)


def precision(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """TP / (TP + FP)."""
    return _ratio(tp, tp + fp)


def f1(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> np.ndarray:
    """Harmonic mean of precision and recall."""
    return _ratio(2 * tp, 2 * tp + fp + fn)


MEASURES: Mapping[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    "recall": recall,
    "precision": precision,
    "F1": f1,
}


def differences(by_finder: Mapping[str, Sequence[Counts]]) -> tuple[Difference, ...]:
    """Differences in every measure, for every pair of finders.

    by_finder : counts of each cube, with the same cubes in the same order for all finders
    """
    counts = {label: _array(each) for label, each in by_finder.items()}
    cubes = len(next(iter(counts.values()), ()))
    if not cubes:
        return ()
    drawn = np.random.default_rng(SEED).multinomial(cubes, np.full(cubes, 1 / cubes), size=DRAWS)
    totals = {label: drawn @ each for label, each in counts.items()}
    return tuple(
        _difference(name, (one, other), counts=counts, totals=totals)
        for name in MEASURES
        for one, other in combinations(counts, 2)
    )


def _difference(
    name: str,
    pair: tuple[str, str],
    *,
    counts: Mapping[str, np.ndarray],
    totals: Mapping[str, np.ndarray],
) -> Difference:
    """counts : (cube, 3) and totals : (draw, 3) true positives, false positives, misses."""
    measure = MEASURES[name]
    one, other = pair
    spread = measure(*totals[one].T) - measure(*totals[other].T)
    value = measure(*counts[one].sum(axis=0)) - measure(*counts[other].sum(axis=0))
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(spread, [tail, 100 - tail])
    return Difference(name, one, other, len(counts[one]), float(value), float(low), float(high))


def _array(counts: Sequence[Counts]) -> np.ndarray:
    return np.array([(each.tp, each.fp, each.fn) for each in counts], dtype=np.int64)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """part / whole, NaN where `whole` is 0."""
    known = np.where(whole > 0, whole, 1)
    return np.where(whole > 0, part / known, np.nan)
