"""In how many pieces a finder reports each source: accepted rows that lie on one true source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.match import match, reach_px
from deepfocus.evaluation.overlap import centre_distance


@dataclass(frozen=True)
class Pieces:
    """Over all cubes.

    sources : true sources on which at least one accepted row lies; rows : those rows together
    whole : sources on which exactly one lies; most : rows on one source
    """

    sources: int
    rows: int
    whole: int
    most: int

    @property
    def per_source(self) -> float:
        """Mean number of rows on a source that has any; NaN without one."""
        return self.rows / self.sources if self.sources else float("nan")


def pieces(pairs: Iterable[tuple[Catalogue, Catalogue]]) -> Pieces:
    """Of many cubes, each given as (found, truth)."""
    counts = np.concatenate([np.zeros(0, int), *(rows_on(*pair) for pair in pairs)])
    counts = counts[counts > 0]
    return Pieces(
        sources=len(counts),
        rows=int(counts.sum()),
        whole=int(np.sum(counts == 1)),
        most=int(counts.max(initial=0)),
    )


def rows_on(found: Catalogue, truth: Catalogue) -> np.ndarray:
    """(true lines in the band,) how many accepted rows lie on each true source.

    A row lies on a source if its centre is within the source's 2D box or its reach (`reach_px`),
    and its channel within the source's range. A row on several counts for its one-to-one partner,
    else for the nearest.
    """
    matches = match(found, truth)
    rows, true = matches.found, matches.truth
    inside = _between(rows["x"], true["box_x0"], true["box_x1"])
    inside &= _between(rows["y"], true["box_y0"], true["box_y1"])
    apart = centre_distance(rows, true) / reach_px(true)
    on = (inside | (apart < 1)) & _between(rows["channel"], true["channel_lo"], true["channel_hi"])
    apart = np.where(on, apart, np.inf)
    apart[matches.found_row, matches.true_row] = -1.0
    if not apart.size:
        return np.zeros(len(true), int)
    nearest = np.argmin(apart, axis=1)
    return np.bincount(nearest[np.isfinite(apart.min(axis=1))], minlength=len(true))


def _between(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(len(values), len(low)) bool; False where an end is unknown."""
    between: np.ndarray = (values[:, None] >= low) & (values[:, None] <= high)
    return between
