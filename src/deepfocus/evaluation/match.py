"""Match found sources to true ones: one-to-one in 3D, or by the paper's own rule.

`match` is the standard for all results; how far it reaches follows from what the cube shows of
each true source. `match_paper_rule` counts as the authors do in section 5.1: a true source is
detected if any box overlaps it enough, even if that box already matches another source, and only
a surplus of predictions counts as false.
Both take one cube; sum the `Counts` over cubes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.overlap import (
    box_centre_distance,
    box_iou,
    centre_distance,
    channel_distance,
    distance_along_the_line,
    range_iou,
)

UNKNOWN_BEAM_PX = 6.0
"""FWHM of the beam where the truth does not say it: its half is the 3 px of the paper."""
LEAST_LINE_CHAN = 1.0
"""Lines narrower than a channel are as wide as one in the cube."""
MAX_DISTANCE_PX = 3.0
MIN_IOU = 0.6


@dataclass(frozen=True, eq=False)
class Matches:
    """Pairs of rows of `found` and `truth`, and their counts.

    found, truth : the rows that were compared: rejected candidates only on request, and no line
        beyond the band
    found_row, true_row : (pairs,) row numbers in `found` and `truth`, sorted by true row
    """

    found: Catalogue
    truth: Catalogue
    found_row: np.ndarray
    true_row: np.ndarray
    counts: Counts

    @property
    def found_matched(self) -> Catalogue:
        """The found rows of the pairs, in the order of `truth_matched`."""
        return self.found.at(self.found_row)

    @property
    def truth_matched(self) -> Catalogue:
        """The true rows of the pairs."""
        return self.truth.at(self.true_row)

    @property
    def detected(self) -> np.ndarray:
        """(len(truth),) bool: which true sources have a partner."""
        mask = np.zeros(len(self.truth), bool)
        mask[self.true_row] = True
        return mask

    @property
    def spurious(self) -> np.ndarray:
        """(len(found),) bool: which found rows have no partner."""
        mask = np.ones(len(self.found), bool)
        mask[self.found_row] = False
        return mask

    @property
    def pair_iou(self) -> np.ndarray:
        """(pairs,) 2D intersection over union of the boxes; NaN where a box is unknown."""
        overlap = box_iou(self.found, self.truth)[self.found_row, self.true_row]
        edges = ("box_x0", "box_x1", "box_y0", "box_y1")
        known = np.all(
            [
                np.isfinite(self.found[edge][self.found_row] + self.truth[edge][self.true_row])
                for edge in edges
            ],
            axis=0,
        )
        return np.where(known, overlap, np.nan)


def match(
    found: Catalogue,
    truth: Catalogue,
    *,
    spectral: bool = True,
    accepted_only: bool = True,
) -> Matches:
    """One-to-one assignment of the sources of one cube.

    A pair may match if its centres lie closer in the image than half of the FWHM that the cube
    shows the true source with (`reach_px`), and its channels closer than half of the true line
    FWHM (`reach_chan`). The chosen assignment has the most pairs possible and, among assignments
    with as many pairs, the smallest sum of (distance / reach)^2 + (channel difference / reach)^2.

    A line whose centre lies beyond the band counts neither way: it has no channel to be found in,
    and what a finder makes of its wing is not false.

    truth : its meta says the FWHM of the cube's beam, ``beam_px``, and its ``channels``
    spectral : False matches in the image alone, for candidates that have no line yet
    accepted_only : False counts flagged candidates too
    """
    found = found.accepted if accepted_only else found
    beyond = beyond_band(truth) if spectral else np.zeros(len(truth), bool)
    if beyond.any():
        inside = match(found, truth.where(~beyond), spectral=spectral, accepted_only=accepted_only)
        return _without_wings(inside, truth.where(beyond))
    distance = centre_distance(found, truth) / reach_px(truth)
    allowed = distance < 1
    cost = distance**2
    if spectral:
        lines = channel_distance(found, truth) / reach_chan(truth)
        allowed &= lines < 1  # not where the reach is unknown
        cost = cost + lines**2
    # A forbidden pair costs more than all allowed ones together, so that the assignment never
    # gives up a pair to bring others closer.
    forbidden = 2.0 * (min(cost.shape) + 1)
    rows, columns = linear_sum_assignment(np.where(allowed, cost, forbidden))
    kept = allowed[rows, columns]
    return _matches(found, truth, rows[kept], columns[kept], one_to_one=True)


def beyond_band(truth: Catalogue) -> np.ndarray:
    """(len(truth),) bool: lines whose centre lies beyond the band; none if its end is unknown."""
    channels = truth.meta.get("channels") or np.inf
    beyond: np.ndarray = (truth["channel"] < -0.5) | (truth["channel"] > channels - 0.5)
    return beyond


def _without_wings(matches: Matches, beyond: Catalogue) -> Matches:
    """Matches without the found rows that are the wing of a line beyond the band, one for each.

    The wing of a disc that turns is its side: it may lie at its FWHM, as the wing may in channels,
    from its centre or from where the line is at the wing's frequency.
    """
    spurious = np.flatnonzero(matches.spurious)
    candidates = matches.found.at(spurious)
    nearest = np.minimum(
        centre_distance(candidates, beyond), distance_along_the_line(candidates, beyond)
    )
    distance = nearest / (2 * reach_px(beyond))
    lines = channel_distance(candidates, beyond) / (2 * reach_chan(beyond))
    is_wing = (distance < 1) & (lines < 1)
    rows, columns = linear_sum_assignment(np.where(is_wing, distance, 2.0 * (1 + len(beyond))))
    kept = np.ones(len(matches.found), bool)
    kept[spurious[rows[is_wing[rows, columns]]]] = False
    found_row = (np.cumsum(kept) - 1)[matches.found_row]
    found = matches.found.where(kept)
    return _matches(found, matches.truth, found_row, matches.true_row, one_to_one=True)


def reach_px(truth: Catalogue) -> np.ndarray:
    """(len(truth),) half of the FWHM that the cube shows each true source with, px.

    It is that of the beam and that of the source, the geometric mean of its axes, in quadrature.
    A source of unknown size counts as a point.
    """
    beam_px = truth.meta.get("beam_px") or UNKNOWN_BEAM_PX
    size_squared = np.nan_to_num(truth["fwhm_x_px"] * truth["fwhm_y_px"])
    reach: np.ndarray = np.sqrt(beam_px**2 + size_squared) / 2
    return reach


def reach_chan(truth: Catalogue) -> np.ndarray:
    """(len(truth),) half of each true line FWHM, at least half a channel; NaN without a line."""
    width = truth["line_fwhm_chan"]
    known = np.isfinite(width) & (width > 0)
    return np.where(known, np.maximum(width, LEAST_LINE_CHAN) / 2, np.nan)


def match_paper_rule(
    found: Catalogue,
    truth: Catalogue,
    *,
    max_distance_px: float = MAX_DISTANCE_PX,
    min_iou: float = MIN_IOU,
    spectral: bool = True,
    accepted_only: bool = True,
) -> Matches:
    """The paper's count (section 5.1) for one cube; not one-to-one.

    A true source is detected if a found one has 2D box IoU > `min_iou`, box centres less than
    `max_distance_px` apart and (if `spectral`) 1D IoU of the channel ranges > `min_iou`.
    FP = max(0, found - true): spurious rows do not count while at least as many sources are missed.
    """
    found = found.accepted if accepted_only else found
    overlap = box_iou(found, truth)
    allowed = (overlap > min_iou) & (box_centre_distance(found, truth) < max_distance_px)
    closeness = overlap
    if spectral:
        ranges = range_iou(found, truth)
        allowed &= ranges > min_iou
        closeness = overlap * ranges
    if not allowed.size:
        return _matches(found, truth, np.zeros(0, int), np.zeros(0, int), one_to_one=False)
    best = np.argmax(np.where(allowed, closeness, -1.0), axis=0)
    detected = np.flatnonzero(allowed.any(axis=0))
    return _matches(found, truth, best[detected], detected, one_to_one=False)


def _matches(
    found: Catalogue,
    truth: Catalogue,
    found_row: np.ndarray,
    true_row: np.ndarray,
    *,
    one_to_one: bool,
) -> Matches:
    order = np.argsort(true_row, kind="stable")
    tp = len(true_row)
    fp = len(found) - tp if one_to_one else max(0, len(found) - len(truth))
    counts = Counts(tp=tp, fp=fp, fn=len(truth) - tp)
    return Matches(found, truth, found_row[order], true_row[order], counts)
