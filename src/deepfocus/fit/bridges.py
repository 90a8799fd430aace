"""Light between lines that do not touch: two sides of a disc, whose middle is too faint to see.

The sides of a disc with a double horn are found as two narrow lines at two places. What lies
between them is spread over all places and channels on the way, and makes no peak. But where it
would be is known, so that its flux, one number, needs little chi^2 to be believed. Between two
sources there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.covariance import inverse_of
from deepfocus.fit.equations import normal_equations
from deepfocus.fit.grouping import LEAST_SADDLE_MOVING, grouped
from deepfocus.fit.grow import MOST, Needed
from deepfocus.fit.parameters import (
    CHANNEL,
    COUNT,
    CXX,
    CYY,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.solve import FAINT, Fit, fit_free
from deepfocus.fit.together import of_moments

NEAR = 2.5
"""Lines that may be sides of one galaxy, in mean FWHM of what the beam makes of them."""
FAR = 8.0
"""Standard deviations in place and channel; the sides of galaxies are 4 to 6 apart."""
SPAN = 0.25
"""Of the way from line to line: the standard deviation of what fills it."""
WORTH_A_TRY = 0.5
"""Of the gain that is needed: what a fit may gain to second order, before it is made."""
STEPS = 15
FREED = [X, Y, *SIZES, CHANNEL, SIGMA, FLUX]


def bridged(fitted: Fit, needed: Needed) -> Fit:
    """With a moving component between lines that do not touch, wherever light is there."""
    if len(fitted.values) >= MOST:
        return fitted
    for one, other in _neighbours(fitted):
        row = between_of(fitted.values[one], fitted.values[other])
        if _gain(fitted, row) < WORTH_A_TRY * needed.between:
            continue
        between = _with_flux(fitted, row)
        gained = fitted.chi2 - between.chi2
        if between.values[-1, FLUX] > 0 and gained > needed.between:
            return bridged(_released(between, one, other), needed)
    return fitted


def parts_of(fitted: Fit, least_saddle: float) -> Iterator[np.ndarray]:
    """Indices of components that the model joins over saddles no lower than a fraction."""
    if not len(fitted.values):
        return
    problem = fitted.problem
    part = grouped(
        fitted.values,
        beam_sigma_px=problem.beam_sigma_px,
        shape=(problem.channels, problem.rows.stop + 1, problem.columns.stop + 1),
        least_saddle=least_saddle,
    ).source
    for number in np.unique(part):
        yield np.flatnonzero(part == number)


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


def _neighbours(fitted: Fit) -> Iterator[tuple[int, int]]:
    """The nearest two lines of each two parts of the model that do not touch."""
    values = fitted.values
    shining = fitted.free[:, FLUX] & (values[:, FLUX] > 0)
    parts = [part[shining[part]] for part in parts_of(fitted, LEAST_SADDLE_MOVING)]
    parts = [part for part in parts if len(part)]
    seen, apart = _distances(fitted)
    for i, part in enumerate(parts):
        for beyond in parts[:i]:
            pairs = np.ix_(part, beyond)
            k, m = np.unravel_index(int(np.argmin(apart[pairs])), apart[pairs].shape)
            one, other = int(part[k]), int(beyond[m])
            if seen[one, other] < NEAR and apart[one, other] < FAR:
                yield one, other


def _distances(fitted: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) on the sky, in mean FWHM of what the beam makes of two; and in place and channel,
    in standard deviations."""
    values = fitted.values
    squared = np.maximum((values[:, CXX] + values[:, CYY]) / 2, 0.0)
    sigma = np.hypot(fitted.problem.beam_sigma_px, np.sqrt(squared))
    reach = (sigma[:, None] + sigma) / 2
    way = values[:, None, [X, Y, CHANNEL]] - values[None, :, [X, Y, CHANNEL]]
    on_sky = np.hypot(way[..., 0], way[..., 1]) / reach
    width = np.hypot(values[:, None, SIGMA], values[:, SIGMA])
    return on_sky / FWHM_PER_SIGMA, np.hypot(on_sky, way[..., 2] / width)


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
