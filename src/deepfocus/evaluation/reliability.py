"""Whether probabilities mean what they say: of rows that are stated as p, a share p is true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.flags import Flag
from deepfocus.evaluation.counts import wilson_interval
from deepfocus.evaluation.match import match

EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 1.0)


@dataclass(frozen=True)
class Stated:
    """Rows whose stated probability is in [low, high); the last bin has 1 too.

    mean : of their probabilities, NaN without any; n : how many; true : how many of these are
    """

    low: float
    high: float
    mean: float
    n: int
    true: int

    @property
    def share(self) -> float:
        """That is true; NaN without rows."""
        return self.true / self.n if self.n else float("nan")

    @property
    def share_interval(self) -> tuple[float, float]:
        """95 per cent Wilson interval of the share."""
        return wilson_interval(self.true, self.n)


@dataclass(frozen=True)
class Reliability:
    """expected : sum of all stated probabilities; true : how many rows are true"""

    bins: tuple[Stated, ...]
    n: int
    expected: float
    true: int


def reliability(pairs: Iterable[tuple[Catalogue, Catalogue]]) -> Reliability:
    """Of many cubes, each given as (found, truth).

    Judged are the rows that nothing but their probability decides: the accepted ones, and those
    that were rejected for a low probability alone. One-to-one matches say which are true.
    """
    stated, is_true = [np.zeros(0)], [np.zeros(0, bool)]
    for found, truth in pairs:
        decided = np.isin(found["flag"], (Flag.ACCEPTED, Flag.LOW_PROBABILITY))
        judged = found.where(decided & np.isfinite(found["probability"]))
        matches = match(judged, truth, accepted_only=False)
        stated.append(matches.found["probability"])
        is_true.append(~matches.spurious)
    return _binned(np.concatenate(stated), np.concatenate(is_true))


def _binned(stated: np.ndarray, is_true: np.ndarray) -> Reliability:
    bins = []
    for low, high in pairwise(EDGES):
        inside = (stated >= low) & ((stated < high) | (high == EDGES[-1]))
        n, true = int(np.sum(inside)), int(np.sum(inside & is_true))
        bins.append(Stated(low, high, float(stated[inside].mean()) if n else np.nan, n, true))
    return Reliability(tuple(bins), len(stated), float(stated.sum()), int(is_true.sum()))
