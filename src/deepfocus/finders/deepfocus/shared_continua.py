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


def with_their_own(fitted: Fit, must_gain: float) -> Fit:
    """With a continuum for each line at a place that has one, where that gains much.

    Two sources of different sizes at one place are told apart by their lines. Their continua are
    known together, but one that has the size of the other leaves something in every channel.
    must_gain : chi^2 that each continuum more must gain
    """
    shines = fitted.free[:, CONTINUUM]
    shared = fitted.free[:, FLUX] & ~shines
    shared &= ~own_continuum(fitted.values, shines, fitted.problem.beam_px)
    bright = bool(np.any(fitted.brightness[:, CONTINUUM] ** 2 > must_gain))
    if not (shared.any() and bright):
        return fitted
    values, free = fitted.values.copy(), fitted.free.copy()
    values[shared | shines, CONTINUUM] = np.nan
    free[shared, CONTINUUM] = True
    apart = fit_free(fitted.problem, values, free, most_steps=STEPS)
    gained = fitted.chi2 - apart.chi2
    real = bool(np.all(apart.values[free[:, CONTINUUM], CONTINUUM] > 0))
    return apart if real and gained > must_gain * np.count_nonzero(shared) else fitted


def _own(fitted: Fit, shines: np.ndarray) -> np.ndarray:
    """(n,) bool: the first continuum at each place, and all that are alone."""
    own = np.zeros(len(shines), bool)
    own[shines] = own_continuum(
        fitted.values[shines], np.zeros(np.count_nonzero(shines), bool), fitted.problem.beam_px
    )
    return own
