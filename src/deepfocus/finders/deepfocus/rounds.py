"""Search and fit by turns, until nothing stands out of what the components leave.

The dirty beam of a bright source makes peaks everywhere; they go with the source once it is
subtracted, and faint neighbours appear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.finders.deepfocus.clusters import Explained, refitted, with_starts
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.trust import (
    NO_SIDELOBES,
    Fitted,
    highest_sidelobe,
    start_of,
    worth_fitting,
)
from deepfocus.fit.grow import Needed
from deepfocus.search.noise_map import NoiseMap, noise_map
from deepfocus.search.search import Found, search

MOST_ROUNDS = 8
EMISSION_SIGMA = 1.0
"""Voxels where the model is brighter are not noise."""
BESIDE = 26.0
"""Gain of chi^2 that a component beside another needs, above 2 ln(places): one false in 100 cubes,
measured on cubes of noise with 6,000 to 80,000 places."""


@dataclass(frozen=True, eq=False)
class Round:
    """A search of what earlier components leave, and the cube explained with what it found."""

    found: Found
    explained: Explained


def rounds(sight: Sight, *, false_peaks: float) -> Iterator[Round]:
    """Rounds as long as they find something; the last found nothing worth fitting."""
    explained = Explained((), sight.data)
    known_continuum = None
    fitted: list[Fitted] = []
    for _ in range(MOST_ROUNDS):
        noise = _noise(sight, explained)
        found = search(
            explained.residual,
            noise,
            sight.bank,
            sight.first,
            false_peaks=false_peaks,
            known_continuum=known_continuum,
        )
        known_continuum = found.on_continuum
        peaks = worth_fitting(found.peaks, sight.response, fitted)
        fitted += [Fitted(peak, float(found.band[peak.node[1:]])) for peak in peaks]
        starts = [start_of(peak, sight.beam_px) for peak in peaks]
        if starts:
            needed = Needed(kept=found.threshold**2, added=2 * float(np.log(sight.places)) + BESIDE)
            before = len(explained.components)
            explained = with_starts(explained, np.array(starts), sight, noise, needed)
            starts = starts if len(explained.components) != before else []
        if not starts and highest_sidelobe(sight.response) > NO_SIDELOBES:
            explained = refitted(explained, sight, noise)
        yield Round(found, explained)
        if not starts:
            return


def _noise(sight: Sight, explained: Explained) -> NoiseMap:
    """Of the residual, but where components are."""
    nothing = np.zeros(sight.data.shape, bool)
    noise = noise_map(explained.residual, correlated_px=sight.correlated_px, emission=nothing)
    if not explained.fits:
        return noise
    model = sight.data - explained.residual
    level = EMISSION_SIGMA * noise.channel[:, None, None] * noise.position
    return noise_map(explained.residual, correlated_px=sight.correlated_px, emission=model > level)
