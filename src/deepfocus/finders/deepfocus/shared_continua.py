"""Continua that came to lie at one place are one: only their sum is known.

Two starts that were apart may meet. Their continua then grow without end, one of them negative.
"""

from __future__ import annotations

import numpy as np

from deepfocus.fit.parameters import CONTINUUM, FLUX, SLOPE
from deepfocus.fit.places import own_continuum
from deepfocus.fit.solve import Fit, fit_free

STEPS = 15


def shining(fitted: Fit) -> Fit:
    """Without components that have no line and a continuum below zero: they fill a bowl."""
    dark = ~fitted.free[:, FLUX] & (fitted.values[:, CONTINUUM] < 0)
    if not dark.any():
        return fitted
    left = ~dark
    return shining(
        fit_free(fitted.problem, fitted.values[left], fitted.free[left], most_steps=STEPS)
    )


def with_shared_continua(fitted: Fit, may_lose: float) -> Fit:
    """With one continuum at each place, where that loses little.

    may_lose : chi^2 that each continuum less may lose
    """
    fitted = shining(fitted)
    shines = fitted.free[:, CONTINUUM]
    own = shines & _own(fitted, shines)
    shared = shines & ~own
    if not shared.any():
        return fitted
    values, free = fitted.values.copy(), fitted.free.copy()
    # the sum is what the data tell; where it belongs is solved for anew
    values[own, CONTINUUM] = np.nan
    values[shared, CONTINUUM] = values[shared, SLOPE] = 0.0
    free[shared, CONTINUUM] = free[shared, SLOPE] = False
    left = own | fitted.free[:, FLUX] | ~shines
    one = fit_free(fitted.problem, values[left], free[left], most_steps=STEPS)
    lost = one.chi2 - fitted.chi2
    return shining(one) if lost < may_lose * np.count_nonzero(shared) else fitted


def _own(fitted: Fit, shines: np.ndarray) -> np.ndarray:
    """(n,) bool: the first continuum at each place, and all that are alone."""
    own = np.zeros(len(shines), bool)
    own[shines] = own_continuum(
        fitted.values[shines], np.zeros(np.count_nonzero(shines), bool), fitted.problem.beam_px
    )
    return own
