"""The channels of a cube in which its dirty beams are made; between these they are interpolated."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import numbered
from deepfocus.instrument.nodes import node_channels

MOST_BEAMS = 17
"""Images of twice the cube's side each; a polynomial through more swings too much between them."""
UNLIKE = 0.01
"""Share of samples that a channel may have less, or more, than most."""
NAMED = 5


def like_most(samples: np.ndarray) -> np.ndarray:
    """(chan,) whether a channel has as many samples (chan,) as most of those that have any."""
    most = _of_most(samples)
    like: np.ndarray = np.abs(samples - most) <= UNLIKE * most
    return like


def _of_most(samples: np.ndarray) -> float:
    """The number from which most of the channels that have any differ by `UNLIKE` or less."""
    has = np.sort(samples[samples > 0])
    within = np.searchsorted(has, has * (1 + UNLIKE), "right") - np.searchsorted(
        has, has * (1 - UNLIKE)
    )
    return float(np.median(has[within == within.max()]))


def beam_channels(
    samples: np.ndarray, freq_hz: np.ndarray, *, longest_m: float, half_field_rad: float
) -> np.ndarray:
    """(k,) channels, as few as tell the beams between them, and no more than `MOST_BEAMS`.

    samples : (chan,) number that each channel is made of, some above 0. A channel of which some
        data are flagged has a beam of its own, which would spoil those that rest on it
    freq_hz : (chan,); longest_m : longest baseline; half_field_rad : from the beams' centre to the
        edge of their images
    """
    like = np.flatnonzero(like_most(samples))
    first, last = like[0], like[-1]
    wanted = first + node_channels(
        freq_hz[first : last + 1],
        longest_m=longest_m,
        half_field_rad=half_field_rad,
        most=MOST_BEAMS,
    )
    return np.unique([like[np.argmin(np.abs(like - each))] for each in wanted])


def unlike_note(samples: np.ndarray) -> tuple[str, ...]:
    """Which channels have other beams than the PSF says, if any."""
    other = np.flatnonzero((samples > 0) & ~like_most(samples))
    if not len(other):
        return ()
    most = _of_most(samples)
    named = ", ".join(map(str, other[:NAMED])) + (", ..." if len(other) > NAMED else "")
    worst = other[np.argmax(np.abs(samples[other] - most))]
    return (
        f"{numbered(len(other), 'channel')} ({named}) of {np.count_nonzero(samples)} with data are "
        f"made of more or fewer visibilities than most, channel {worst} of "
        f"{samples[worst] / most:.0%}: dirty beams there are others than the PSF, and sources may "
        "come out wrong",
    )
