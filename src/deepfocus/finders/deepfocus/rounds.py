"""Search and fit by turns, until nothing stands out of what the components leave.

The dirty beam of a bright source makes peaks everywhere; they go with the source once it is
subtracted, and faint neighbours appear. Only when all sources are there, each as one Gaussian, is
what is left under one of them its own, and asks for more of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.finders.deepfocus.bright_continua import bright_continua
from deepfocus.finders.deepfocus.clusters import (
    Explained,
    refined,
    refitted,
    with_starts,
)
from deepfocus.finders.deepfocus.explaining import (
    Continua,
    Fitting,
    InBothProfiles,
    Kept,
    Refined,
    measured,
    own_continuum,
    own_line_of,
)
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.trust import (
    NO_SIDELOBES,
    fitted_of,
    highest_sidelobe,
    left_of_continua,
    start_of,
    worth_fitting,
)
from deepfocus.fit.grow import Needed
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    SLOPE,
    X,
    Y,
    free_but,
)
from deepfocus.search.noise_map import NoiseMap, noise_map
from deepfocus.search.peaks import Peak
from deepfocus.search.search import Found, search

MOST_ROUNDS = 10
SWEEPS = 2
"""Clusters fitted once more after new ones, for sidelobes link all."""
EMISSION_SIGMA = 1.0
"""Voxels where the model is brighter are not noise."""
CONFIRMED = 0.72
"""Of the threshold's square: the gain of chi^2 that confirms a peak of the search."""
MOVES = 16.0
"""Gain of chi^2 of a velocity gradient: two numbers at a known place."""
BESIDE = 26.0
"""Gain of chi^2 that a component beside another needs, above 2 ln(places): one false in 100 cubes,
measured on cubes of noise with 6,000 to 80,000 places."""


@dataclass(frozen=True, eq=False)
class Round:
    """A search of what earlier components leave, and the cube explained with what it found."""

    found: Found
    explained: Explained


def rounds(sight: Sight, *, false_peaks: float) -> Iterator[Round]:
    """Rounds as long as they find something; the last one's components are measured."""
    explained = continua_of(sight)
    known_continuum = None
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
        fitted = tuple(fitted_of(explained.fits))
        left = left_of_continua(fitted, sight.response) ** 2
        needed = Needed(
            kept=max(CONFIRMED * found.threshold**2, left),
            added=max(2 * float(np.log(sight.places)) + BESIDE, left),
            moves=max(MOVES, left),
        )
        peaks = worth_fitting(found.peaks, sight.response, fitted)
        before = explained.free
        if peaks:
            explained = _with_peaks(explained, peaks, found, sight, needed)
        if np.array_equal(explained.free, before):
            explained = refined(explained, sight, noise, Refined(needed))
            if np.array_equal(explained.free, before):
                break
        yield Round(found, explained)
    yield Round(found, refitted(explained, sight, noise, measured))


def _with_peaks(
    explained: Explained, peaks: list[Peak], found: Found, sight: Sight, needed: Needed
) -> Explained:
    """One Gaussian more for each peak that is needed; the first at a continuum shares its own."""
    starts = np.array([start_of(peak, sight.beam_px) for peak in peaks])
    on_continuum = np.array([found.on_continuum[peak.node[1:]] for peak in peaks])
    known = explained.components
    owned = explained.free[:, CONTINUUM]
    shared = own_line_of(starts, known, ~explained.free[:, FLUX], sight.beam_px)
    together = np.concatenate([known, starts])
    own = own_continuum(together, np.concatenate([owned, shared >= 0]), sight.beam_px)[len(known) :]
    free = free_but(len(starts), *GRADIENT, SLOPE)
    free[:, CONTINUUM] = (own & on_continuum) | (shared >= 0)
    starts[~free[:, CONTINUUM], CONTINUUM] = 0.0
    for i in np.flatnonzero(shared >= 0):
        host = known[shared[i]]
        starts[i, [X, Y, *SIZES, CONTINUUM, SLOPE]] = host[[X, Y, *SIZES, CONTINUUM, SLOPE]]
        free[i, SLOPE] = explained.free[shared[i], SLOPE]
    kept = Kept(needed)
    explained = with_starts(
        explained,
        starts,
        free,
        sight,
        found.noise,
        InBothProfiles(kept),
        replaced=shared[shared >= 0],
    )
    return _swept(explained, sight, found.noise, kept)


def _swept(explained: Explained, sight: Sight, noise: NoiseMap, fitting: Fitting) -> Explained:
    """Every cluster again with the others subtracted, if there are sidelobes that link them."""
    if len(explained.fits) > 1 and highest_sidelobe(sight.response) > NO_SIDELOBES:
        for _ in range(SWEEPS):
            explained = refitted(explained, sight, noise, fitting)
    return explained


def continua_of(sight: Sight) -> Explained:
    """The bright continua, each as a Gaussian without a line: all else hides in their sidelobes."""
    explained = Explained((), sight.data)
    for _ in range(MOST_ROUNDS):
        noise = _noise(sight, explained)
        starts = bright_continua(explained, noise, sight.response)
        if not len(starts):
            break
        free = free_but(len(starts), CHANNEL, SIGMA, FLUX, *GRADIENT, SLOPE)
        explained = with_starts(
            explained, starts, free, sight, noise, Continua(), replaced=np.empty(0, int)
        )
        explained = _swept(explained, sight, noise, Continua())
    return explained


def _noise(sight: Sight, explained: Explained) -> NoiseMap:
    """Of the residual, but where components are."""
    nothing = np.zeros(sight.data.shape, bool)
    noise = noise_map(explained.residual, correlated_px=sight.correlated_px, emission=nothing)
    if not explained.fits:
        return noise
    model = sight.data - explained.residual
    level = EMISSION_SIGMA * noise.channel[:, None, None] * noise.position
    return noise_map(explained.residual, correlated_px=sight.correlated_px, emission=model > level)
