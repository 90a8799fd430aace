"""Counts of true and false detections, their ratios and binomial intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from astropy.stats import binom_conf_interval

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
    low, high = binom_conf_interval(successes, trials, confidence_level=confidence)
    # At 0 and at 1 the bound is exact; rounding would leave it a hair outside.
    return (
        0.0 if successes == 0 else float(low),
        1.0 if successes == trials else float(high),
    )


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
        """TP / (TP + FP); NaN if nothing was found."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """TP / (TP + FN); NaN if there is nothing to find."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; NaN if nothing is true or found."""
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
    """The number, or None if it is not finite: JSON has no NaN."""
    return float(value) if value is not None and math.isfinite(value) else None
