"""Lines as broad as a fit allows are continua, and broad ones at a place that has others are.

Two bright continua nearer than the beam tells are one at first. What that one leaves rises and
falls over the band with the beam, and the search finds lines as wide as that in it. A continuum
found under bright lines was too bright by them: once they are there, broad lines stand in for it.
"""

from __future__ import annotations

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.fit.grow import Needed
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, FLUX, GRADIENT, SIGMA
from deepfocus.fit.places import own_continuum, same_place
from deepfocus.fit.solve import Fit, fit_free
from deepfocus.fit.spectra import LARGEST_SIGMA

AT_THE_END, BROAD = 0.99, 0.8
"""Of the broadest line that a fit allows: what a line alone, and one beside others, exceeds."""
STEPS = 15


def broadest(fitted: Fit) -> np.ndarray:
    """(n,) bool: lines as broad as a fit allows."""
    end = AT_THE_END * LARGEST_SIGMA * fitted.problem.channels
    at_the_end: np.ndarray = fitted.free[:, FLUX] & (fitted.values[:, SIGMA] > end)
    return at_the_end


def broad_beside_others(fitted: Fit) -> np.ndarray:
    """(n,) bool: broad lines at whose place there is one that is not.

    A faint one alone may be line and continuum together, which the last fit tells apart.
    """
    end = BROAD * LARGEST_SIGMA * fitted.problem.channels
    broad: np.ndarray = fitted.free[:, FLUX] & (fitted.values[:, SIGMA] > end)
    others = fitted.values[fitted.free[:, FLUX] & ~broad]
    for i in np.flatnonzero(broad):
        broad[i] = np.any(same_place(others, fitted.values[[i]], fitted.problem.beam_px))
    return broad


def as_continua(fitted: Fit, broad: np.ndarray, needed: Needed) -> Fit:
    """With continua in place of lines, where that loses little.

    broad : (n,) bool; needed.kept : chi^2 that each may lose
    """
    channels = fitted.problem.channels
    if is_image(channels) or not broad.any():
        return fitted
    values, free = fitted.values.copy(), fitted.free.copy()
    values[broad, CONTINUUM] += values[broad, FLUX] / channels
    for column in (FLUX, *GRADIENT):
        values[broad, column] = 0.0
    for column in (FLUX, CHANNEL, SIGMA, *GRADIENT):
        free[broad, column] = False
    known = free[:, CONTINUUM] & ~broad
    left = ~broad | own_continuum(values, known, fitted.problem.beam_px)
    free[broad, CONTINUUM] = True
    still = fit_free(fitted.problem, values[left], free[left], most_steps=STEPS)
    lost = still.chi2 - fitted.chi2
    return still if lost < needed.kept * np.count_nonzero(broad) else fitted
