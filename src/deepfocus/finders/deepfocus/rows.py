"""Pieces of one galaxy in a row: its two sides and its middle, with too little between to be seen.

A faint galaxy whose line is spread over several beams and many channels may come out as three
sources that no saddle joins. But they lie one behind the other in place as in frequency, as a
rotating disc does. Three sources are not there by chance, or not within the errors of their places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.links import linked
from deepfocus.fit.parameters import CHANNEL, FLUX, SIGMA, X, Y
from deepfocus.fit.places import apparent_fwhm, place_errors
from deepfocus.fit.together import as_one

MANY = 3
"""Pieces that make a row: a line goes through any two."""
NEAR = 2.0
"""From piece to piece, in mean FWHM of what the beam makes of them: those of galaxies are 0.5 to
1.2 apart."""
GAP = 3.0
"""From channel to channel, in FWHM of both lines in quadrature: those of galaxies are 1.4 to 2.0
apart, and of other sources near a line from one to another 5 and more."""
BETWEEN = 0.15
"""Of the way in frequency, that the piece in the middle is from either end."""
OFF = 3.0
"""Of the line from end to end, in errors of the places: of other sources 5 and more."""


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Groups of components, each as one.

    place : (n, 2) px; channel, fwhm_chan : (n,); apparent_px : (n,) FWHM of what the beam makes of
    them; error_px : (n,) of the places, along an axis
    """

    place: np.ndarray
    channel: np.ndarray
    fwhm_chan: np.ndarray
    apparent_px: np.ndarray
    error_px: np.ndarray


def joined_in_rows(
    groups: Sequence[np.ndarray], components: np.ndarray, gain: np.ndarray, beam_px: float
) -> list[np.ndarray]:
    """The groups, those as one that lie in a row, three and more.

    groups : indices of components each; components (n, 12), gain (n,) : of all
    """
    rows = np.array([*_rows(_pieces(groups, components, gain, beam_px), beam_px)], int)
    if not len(rows):
        return list(groups)
    return linked(groups, np.concatenate([rows[:, :2], rows[:, 1:]]))


def _rows(pieces: _Pieces, beam_px: float) -> Iterator[tuple[int, int, int]]:
    """Three that lie in a row each: of first, middle and last in frequency."""
    if len(pieces.place) < MANY:
        return
    reach = NEAR * float(pieces.apparent_px.max())
    around = cKDTree(pieces.place).query_ball_point(pieces.place, reach)
    for middle, others in enumerate(around):
        near = [i for i in others if i != middle and _near(pieces, middle, i)]
        for ends in combinations(sorted(near, key=lambda i: pieces.channel[i]), 2):
            if _in_a_row(pieces, ends[0], middle, ends[1], beam_px):
                yield ends[0], middle, ends[1]


def _pieces(
    groups: Sequence[np.ndarray], components: np.ndarray, gain: np.ndarray, beam_px: float
) -> _Pieces:
    shining = [group[components[group, FLUX] > 0] for group in groups]
    each = np.array([as_one(components[group]) for group in shining]).reshape(
        -1, components.shape[1]
    )
    seen = np.array([gain[group].sum() for group in shining])
    return _Pieces(
        place=each[:, [X, Y]],
        channel=each[:, CHANNEL],
        fwhm_chan=FWHM_PER_SIGMA * each[:, SIGMA],
        apparent_px=apparent_fwhm(each, beam_px),
        error_px=place_errors(each, seen, beam_px),
    )


def _in_a_row(pieces: _Pieces, first: int, middle: int, last: int, beam_px: float) -> bool:
    """Whether they lie on a line, longer than the beam, in place and frequency."""
    way, ahead = (pieces.place[i] - pieces.place[first] for i in (last, middle))
    share = (pieces.channel[middle] - pieces.channel[first]) / max(
        float(pieces.channel[last] - pieces.channel[first]), 1e-9
    )
    if np.hypot(*way) < beam_px or not BETWEEN < share < 1 - BETWEEN:
        return False
    known = pieces.error_px[[first, middle, last]] * [1 - share, 1.0, share]
    return bool(np.hypot(*(ahead - share * way)) < OFF * np.hypot.reduce(known))


def _near(pieces: _Pieces, one: int, other: int) -> bool:
    apart = np.hypot(*(pieces.place[one] - pieces.place[other]))
    gap = abs(pieces.channel[one] - pieces.channel[other])
    both = [one, other]
    return bool(
        apart < NEAR * pieces.apparent_px[both].mean()
        and gap < GAP * np.hypot.reduce(pieces.fwhm_chan[both])
    )
