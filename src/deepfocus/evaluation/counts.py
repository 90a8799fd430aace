"""Counts of true and false detections, the ratios made of them and their binomial intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

CONFIDENCE = 0.95


def wilson_interval(
    successes: int, trials: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Wilson score interval of a binomial fraction; (nan, nan) without trials.

    Unlike the normal approximation it stays inside [0, 1] and keeps its width at 0 and at 1,
    where precision and recall often lie. Wilson (1927), JASA 22, 209.
    """
    if trials == 0:
        return math.nan, math.nan
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    fraction = successes / trials
    scale = 1 + z * z / trials
    centre = (fraction + z * z / (2 * trials)) / scale
    spread = z / scale * math.sqrt(fraction * (1 - fraction) / trials + (z / (2 * trials)) ** 2)
    # At 0 and at 1 the bound is exact; rounding would leave it a hair outside.
    low = 0.0 if successes == 0 else centre - spread
    high = 1.0 if successes == trials else centre + spread
    return low, high


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


@dataclass(frozen=True)
class Counts:
    """True positives, false positives and false negatives; counts of many cubes add up."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def n_true(self) -> int:
        """Number of true sources."""
        return self.tp + self.fn

    @property
    def precision(self) -> float:
        """TP / (TP + FP); NaN where nothing was found."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """TP / (TP + FN); NaN where there is nothing to find."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN where nothing is true or found."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    def precision_interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Wilson interval of the precision."""
        return wilson_interval(self.tp, self.tp + self.fp, confidence=confidence)

    def recall_interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Wilson interval of the recall."""
        return wilson_interval(self.tp, self.tp + self.fn, confidence=confidence)

    def as_dict(self) -> dict[str, Any]:
        """Counts, ratios and 95 % intervals, for JSON (NaN becomes None)."""
        return {
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
            "precision": finite_or_none(self.precision),
            "precision_95": [finite_or_none(v) for v in self.precision_interval()],
            "recall": finite_or_none(self.recall),
            "recall_95": [finite_or_none(v) for v in self.recall_interval()],
            "f1": finite_or_none(self.f1),
        }


def finite_or_none(value: float | None) -> float | None:
    """The number, or None where it is not finite: JSON has no NaN."""
    return float(value) if value is not None and math.isfinite(value) else None
