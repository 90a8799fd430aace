"""Two lines at one place where a fit has one: a place that is known is not searched for again.

Of two lines that overlap, one broad Gaussian takes most. What a second one gains beside it is less
than a component needs that noise may have put anywhere; but here place and shape are those of the
first, and noise has the band alone to choose from.
"""

from __future__ import annotations

import numpy as np

from deepfocus.fit.equations import without
from deepfocus.fit.grow import MOST
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, FLUX, GRADIENT, SIGMA, SIZES, SLOPE, X, Y
from deepfocus.fit.patch import Problem
from deepfocus.fit.solve import Fit, fit_free

APART, NARROWER = 1.0, 0.6
"""Of a line's standard deviation: how far the halves start on its either side, and how wide."""
LINE_STEPS, STEPS = 15, 15
WORTH_A_TRY = 0.7
"""Of what is needed: what the lines may gain alone, before their place and shape are free."""


def with_second_lines(fitted: Fit, needed: float) -> Fit:
    """With two lines in place of one that stays in place, wherever these gain enough.

    Not of one whose centre lies beyond the band: how far is not known, and so not its wing.
    needed : gain of chi^2 of another line at the place of one
    """
    still = fitted.free[:, FLUX] & ~fitted.free[:, GRADIENT].any(axis=1)
    middle = (fitted.problem.channels - 1) / 2
    inside = np.abs(fitted.values[:, CHANNEL] - middle) < fitted.problem.channels / 2
    for i in np.flatnonzero(still & inside & (fitted.gain > needed)):
        if len(fitted.values) < MOST:
            fitted = _parted(fitted, int(i), needed) or fitted
    return fitted


def _parted(fitted: Fit, i: int, needed: float) -> Fit | None:
    """With the i-th component's line as two; None if that gains too little."""
    alone = without(fitted.problem, np.delete(fitted.values, i, axis=0))
    free = _line_alone(fitted.free[[i]])
    one = fit_free(alone, fitted.values[[i]], free, most_steps=LINE_STEPS)
    two = _fit_of_halves(alone, one.values[0], free[0])
    if one.chi2 - two.chi2 < WORTH_A_TRY * needed or not np.all(two.values[:, FLUX] > 0):
        return None
    values = np.concatenate([fitted.values, two.values[[1]]])
    values[i] = two.values[0]
    all_free = np.concatenate([fitted.free, fitted.free[[i]]])
    all_free[-1, [CONTINUUM, SLOPE]] = False
    both = fit_free(fitted.problem, values, all_free, most_steps=STEPS)
    enough = fitted.chi2 - both.chi2 > needed
    return both if enough and np.all(both.values[[i, -1], FLUX] > 0) else None


def _line_alone(free: np.ndarray) -> np.ndarray:
    """What is free of a component (1, 12), without its place and shape."""
    free = free.copy()
    free[:, [X, Y, *SIZES]] = False
    return free


def _fit_of_halves(problem: Problem, row: np.ndarray, free: np.ndarray) -> Fit:
    """Two lines, from halves of one on either side of it; the first has the continuum."""
    halves = np.stack([row, row])
    halves[:, FLUX] /= 2
    halves[:, CHANNEL] += np.array([-1, 1]) * APART * row[SIGMA]
    halves[:, SIGMA] *= NARROWER
    halves[1, [CONTINUUM, SLOPE]] = 0.0
    both = np.stack([free, free])
    both[1, [CONTINUUM, SLOPE]] = False
    return fit_free(problem, halves, both, most_steps=LINE_STEPS)
