"""Lines as broad as a fit allows are continua: of a source beside one whose continuum was seen.

Two bright continua nearer than the beam tells are one at first. What that one leaves rises and
falls over the band with the beam, and the search finds lines as wide as that in it.
"""

from __future__ import annotations

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.fit.grow import Needed
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, FLUX, GRADIENT, SIGMA
from deepfocus.fit.places import own_continuum
from deepfocus.fit.solve import Fit, fit_free
from deepfocus.fit.spectra import LARGEST_SIGMA

BROAD = 0.8
"""Of the broadest line that a fit allows: from there on it may be a continuum."""
STEPS = 15


def broad_as_continua(fitted: Fit, needed: Needed) -> Fit:
    """With continua in place of the broadest lines, where that loses little.

    needed.kept : chi^2 that each may lose
    """
    channels = fitted.problem.channels
    if is_image(channels):
        return fitted
    sigma = fitted.values[:, SIGMA]
    broad = fitted.free[:, FLUX] & (sigma > BROAD * LARGEST_SIGMA * channels)
    if not broad.any():
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
