"""Which components lie at one place on the sky, as the beam shows them: they have one continuum."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.parameters import CXX, CYY, X, Y

SAME_PLACE = 0.35
"""Of the FWHM that the beam makes of a component: nearer ones share its continuum."""


def own_continuum(values: np.ndarray, known: np.ndarray, beam_px: float) -> np.ndarray:
    """(n,) bool: the components that share no other's continuum, the known ones' first."""
    own = known.copy()
    for i in np.flatnonzero(~known):
        own[i] = not np.any(same_place(values[own], values[[i]], beam_px))
    return own


def same_place(values: np.ndarray, one: np.ndarray, beam_px: float) -> np.ndarray:
    """(n,) bool: the components that share the continuum of one (1, 12)."""
    apart = np.hypot(*(values[:, [X, Y]] - one[:, [X, Y]]).T)
    same: np.ndarray = apart < SAME_PLACE * apparent_fwhm(one, beam_px)
    return same


def own_line_of(
    starts: np.ndarray, known: np.ndarray, without_line: np.ndarray, beam_px: float
) -> np.ndarray:
    """(start,) index of the component without a line whose line a start is; -1 for none.

    Of several starts at one place the first, the highest, is.
    """
    host = np.full(len(starts), -1)
    for i, start in enumerate(starts):
        free = np.setdiff1d(np.flatnonzero(without_line), host)
        if not len(free):
            break
        apart = np.hypot(*(known[free][:, [X, Y]] - start[[X, Y]]).T)
        apart /= apparent_fwhm(known[free], beam_px)
        nearest = int(np.argmin(apart))
        if apart[nearest] < SAME_PLACE:
            host[i] = free[nearest]
    return host


def numbered_places(values: np.ndarray, near_px: float) -> np.ndarray:
    """(n,) number of each component's place: that of those near it, and of those near them."""
    pairs = cKDTree(values[:, [X, Y]]).query_pairs(near_px, output_type="ndarray")
    n = len(values)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    number: np.ndarray = connected_components(graph, directed=False)[1]
    return number


def apparent_fwhm(values: np.ndarray, beam_px: float) -> np.ndarray:
    """(n,) of components, the mean of both axes, as the beam shows them."""
    squared = np.maximum(values[:, CXX] + values[:, CYY], 0.0) / 2
    fwhm: np.ndarray = np.hypot(beam_px, FWHM_PER_SIGMA * np.sqrt(squared))
    return fwhm


def place_errors(values: np.ndarray, gain: np.ndarray, beam_px: float) -> np.ndarray:
    """(n,) px: what noise leaves of the places of components along an axis, each as if alone.

    gain : (n,) chi^2 that they gain
    """
    sigma = apparent_fwhm(values, beam_px) / FWHM_PER_SIGMA
    errors: np.ndarray = sigma / np.sqrt(np.maximum(gain, 1.0))
    return errors
