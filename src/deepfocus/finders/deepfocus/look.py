"""Search and fit by turns, until nothing stands out of what the components leave.

The dirty beam of a bright source makes peaks everywhere; they go with the source once it is
subtracted, and faint neighbours appear. Only when all sources are there, each as one Gaussian, is
what is left under one of them its own, and asks for more of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b

import numpy as np

from deepfocus.finders.deepfocus.adding import continua_of, noise_of, with_peaks
from deepfocus.finders.deepfocus.beam_errors import beam_error
from deepfocus.finders.deepfocus.clusters import Explained, refined
from deepfocus.finders.deepfocus.explaining import Refined
from deepfocus.finders.deepfocus.last_fit import last_fit
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.trust import (
    MODEL_ERROR,
    PEAKS,
    Fitted,
    fitted_of,
    left_of_continua,
    worth_fitting,
)
from deepfocus.fit.grow import Needed
from deepfocus.search.as_arrays import searched_once
from deepfocus.search.noise_map import NoiseMap
from deepfocus.search.search import Found, search

MOST_ROUNDS = 10
CONFIRMED = 0.72
"""Of the threshold's square: the gain of chi^2 that confirms a peak of the search."""
MOVES = 16.0
"""Gain of chi^2 of a velocity gradient: two numbers at a known place."""
BETWEEN = 9.0
"""Gain of chi^2 of light between two lines: one number at a known place. Between the two sides of
galaxies it gained 12 to 27, between different ones less than 4."""
AGAIN = 16.0
"""Gain of chi^2 of another line where there is one, above 2 ln(channels): single lines gain up to
12 in 128 channels, noise in their wings 25."""
BESIDE = 26.0
"""Gain of chi^2 that a component beside another needs, above 2 ln(places): one false in 100 cubes,
measured on cubes of noise with 6,000 to 80,000 places."""


@dataclass(frozen=True, eq=False)
class Looked:
    """A cube explained, and the searches that asked for its components.

    found : by each search, of what earlier components leave; the first is of the cube itself
    exhausted : whether nothing is left, or else it was given up
    beam_error : standard deviation of what a wrong beam leaves of bright sources, of each
    """

    found: tuple[Found, ...]
    explained: Explained
    exhausted: bool = True
    beam_error: float = 0.0

    @cached_property
    def fitted(self) -> tuple[Fitted, ...]:
        """The components, as far as they may be mistaken for more."""
        return tuple(fitted_of(self.explained))

    @property
    def noise(self) -> NoiseMap:
        """As the last search knew it."""
        return self.found[-1].noise


def look(sight: Sight, *, false_peaks: float) -> Looked:
    """Search and fit as long as that finds something; then the components are measured."""
    explained, noise = continua_of(sight)
    each: list[Found] = []
    error = 0.0
    for _ in range(MOST_ROUNDS):
        found = searched_once(
            sight.workspace.steps,
            _in_short(each, explained),
            partial(
                search,
                explained.residual,
                noise,
                sight.bank,
                sight.first,
                false_peaks=false_peaks,
                known_continuum=each[-1].on_continuum if each else None,
                taken=sight.taken,
                workspace=sight.workspace,
            ),
        )
        each.append(found)
        noise = found.noise
        fitted = tuple(fitted_of(explained))
        left = left_of_continua(fitted, sight.sidelobes) ** 2
        error = beam_error(explained, noise, sight, before=error)
        needed = Needed(
            kept=max(CONFIRMED * found.threshold**2, left),
            added=max(2 * float(np.log(sight.places)) + BESIDE, left),
            moves=max(MOVES, left),
            between=max(BETWEEN, left),
            again=max(2 * float(np.log(len(sight.data))) + AGAIN, left),
            model_error=max(MODEL_ERROR, PEAKS * error),
        )
        peaks = worth_fitting(found.peaks, sight, fitted, beam_error=error)
        before = explained.free
        if peaks:
            explained = with_peaks(explained, peaks, found, sight, needed)
        if np.array_equal(explained.free, before):
            explained = refined(explained, sight, noise, Refined(needed))
            if np.array_equal(explained.free, before):
                break
        noise = noise_of(sight, explained, noise)
        if len(explained.components) > sight.most_components:
            break
    exhausted = len(explained.components) <= sight.most_components
    return Looked(tuple(each), last_fit(explained, sight, noise), exhausted, error)


def _in_short(found: Sequence[Found], explained: Explained) -> str:
    """A name for the next search: of its number, and of what it does not see any more."""
    components = explained.components.tobytes() + explained.free.tobytes()
    return f"search-{len(found) + 1}-{blake2b(components, digest_size=8).hexdigest()}"
