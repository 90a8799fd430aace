"""True sources that a finder measured as one.

Two lines at one place that overlap may be one line to a finder, often to anyone. It is matched to
one of them, whose flux, width and channel it does not have; the flux of both is what it measured.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from deepfocus.evaluation.match import Matches, reach_chan, reach_px
from deepfocus.evaluation.overlap import centre_distance, channel_distance
from deepfocus.evaluation.pulls import Pulls, summary_of

FLUX_OF_ALL = "line flux of all"


def together(matches: Matches) -> np.ndarray:
    """(pairs, true) bool: which true sources, missed themselves, a pair's found one stands for.

    Their centres lie as close in the image as a match asks for, and the centre of one of the two
    lines within half of the FWHM of the other.
    """
    found, truth = matches.found_matched, matches.truth
    apart = channel_distance(found, truth)
    overlap = (apart < reach_chan(truth)) | (apart < reach_chan(found)[:, None])
    here = (centre_distance(found, truth) < reach_px(truth)) & overlap
    missed: np.ndarray = here & ~matches.detected
    return missed


def alone(matches: Matches) -> np.ndarray:
    """(pairs,) bool: the found ones that stand for one true source."""
    several: np.ndarray = np.any(together(matches), axis=1)
    return ~several


def pulls_of_all(cubes: Iterable[Matches]) -> Pulls:
    """Of found ones that stand for several true sources: their flux against that of them all."""
    return summary_of(FLUX_OF_ALL, np.concatenate([np.zeros(0), *map(_pulls_of_all, cubes)]))


def _pulls_of_all(matches: Matches) -> np.ndarray:
    """(pairs that stand for several, their error stated,)."""
    others = together(matches)
    found, flux = matches.found_matched, matches.truth["line_flux"]
    of_all = flux[matches.true_row] + np.where(others, flux, 0.0).sum(axis=1)
    pulls = (found["line_flux"] - of_all) / found["line_flux_err"]
    several: np.ndarray = others.any(axis=1) & np.isfinite(pulls)
    return np.asarray(pulls[several])
