"""Light between lines that do not touch: two sides of a disc, whose middle is too faint to see.

The sides of a disc with a double horn are found as two narrow lines at two places. What lies
between them is spread over all places and channels on the way, and makes no peak. But where it
would be is known, so that its flux, one number, needs little chi^2 to be believed. Between two
sources there is nothing.
"""

from __future__ import annotations

import numpy as np

from deepfocus.fit.covariance import inverse_of
from deepfocus.fit.equations import normal_equations
from deepfocus.fit.grouping import LEAST_SADDLE_MOVING
from deepfocus.fit.grow import MOST, Needed
from deepfocus.fit.horns import are_sides
from deepfocus.fit.parameters import (
    CHANNEL,
    COUNT,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.parts import neighbours
from deepfocus.fit.solve import FAINT, Fit, fit_free
from deepfocus.fit.together import of_moments

LIT = 8.0
"""Standard deviations in place and channel: of lines farther apart, light alone tells nothing."""
SPAN = 0.25
"""Of the way from line to line: the standard deviation of what fills it."""
WORTH_A_TRY = 0.5
"""Of the gain that is needed: what a fit may gain to second order, before it is made."""
STEPS = 15
FREED = [X, Y, *SIZES, CHANNEL, SIGMA, FLUX]


def bridged(fitted: Fit, needed: Needed) -> Fit:
    """With a moving component between lines that do not touch, wherever light is there.

    It takes less of it where one disc explains as much as both lines.
    """
    if len(fitted.values) >= MOST:
        return fitted
    for one, other, apart in neighbours(fitted, LEAST_SADDLE_MOVING):
        row = between_of(fitted.values[one], fitted.values[other])
        gain = _gain(fitted, row)
        lit = apart <= LIT and gain >= WORTH_A_TRY * needed.between
        ends = np.array([one, other])
        if not lit and (gain == 0 or not are_sides(fitted, ends)):
            continue
        between = _with_flux(fitted, row)
        if between.values[-1, FLUX] <= 0:
            continue
        bright = fitted.chi2 - between.chi2 > needed.between
        if not lit or bright or are_sides(fitted, ends):
            return bridged(_released(between, one, other), needed)
    return fitted


def between_of(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(12,) a moving component that fills the way from one (12,) to another; its flux is NaN.

    In place and channel, a Gaussian along the way, as wide across it as both are on average, and
    as thin in frequency as the narrower.
    """
    way = other[[X, Y, CHANNEL]] - one[[X, Y, CHANNEL]]
    spread = np.outer(way, way) * SPAN**2
    spread[:2, :2] += covariance_of(np.stack([one, other])).mean(axis=0)
    spread[2, 2] += min(one[SIGMA], other[SIGMA]) ** 2
    row = of_moments((one + other)[[X, Y, CHANNEL]] / 2, spread)
    row[FLUX] = np.nan
    return row


def _gain(fitted: Fit, row: np.ndarray) -> float:
    """Chi^2 that the flux of one more component gains, to second order; 0 if it is negative."""
    faint = np.append(row[:FLUX], [FAINT, *row[FLUX + 1 :]])
    equations = normal_equations(fitted.problem, np.concatenate([fitted.values, faint[None]]))
    others, own = np.flatnonzero(fitted.free), fitted.values.size + FLUX
    shared = equations.information[others, own]
    taken = shared @ inverse_of(equations.information[np.ix_(others, others)])
    gradient = equations.gradient.ravel()
    slope = gradient[own] - taken @ gradient[others]
    return float(max(slope, 0.0) ** 2 / (equations.information[own, own] - taken @ shared))


def _with_flux(fitted: Fit, row: np.ndarray) -> Fit:
    """With one more component, of which the flux alone is free."""
    free = np.concatenate([fitted.free, np.zeros((1, COUNT), bool)])
    free[-1, FLUX] = True
    values = np.concatenate([fitted.values, row[None]])
    return fit_free(fitted.problem, values, free, most_steps=STEPS)


def _released(between: Fit, one: int, other: int) -> Fit:
    """With all free of what lies between that is free of its sides, and how it moves."""
    free = between.free.copy()
    free[-1, FREED] = free[[one, other]][:, FREED].any(axis=0)
    free[-1, GRADIENT] = True
    released = fit_free(between.problem, between.values, free, most_steps=STEPS)
    # a component that turned into absorption has left its place
    return released if released.values[-1, FLUX] > 0 else between
