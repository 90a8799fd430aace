"""The joint fit of components: damped Gauss-Newton steps on the estimating equation.

A library's trust region cannot hold a covariance to be positive or cap the step of each component
by its own size, and both are what keeps neighbours from running away. The one prior keeps sizes
that the data do not tell from growing without end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from deepfocus.fit.covariance import line_gain, sandwich
from deepfocus.fit.equations import Normal, normal_equations
from deepfocus.fit.line_spectra import LineSpectrum
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    CXX,
    CXY,
    CYY,
    GRADIENT,
    SIGMA,
    SIZES,
    X,
    Y,
)
from deepfocus.fit.patch import Problem
from deepfocus.fit.residual import residual_peaks

PRIOR_SIZE = 30.0
"""Standard deviation of sizes C about the beam's, in beam sigma^2; cxy is about 0."""
LEAST_SIZE = -0.2
"""Of C, in beam sigma^2, where sizes may be negative so that noise does not bias them."""
OUTSIDE_PX = 3.0
"""How far outside its box a component may lie."""
LARGEST_BEAMS = 6.0
"""Of a component, in beams: larger ones are resolved out, and take up what bright sources leave."""
FAINT = 1e-30
"""Jy: a continuum that is there, and shows nothing."""
SMALL_GAIN = 0.01
"""A full step that gains less chi^2 than that is the last."""
MOST_STEPS = 40
DAMPING, EASED, STIFFENED = 1e-3, 1 / 8, 8.0
LEAST_DAMPING, MOST_DAMPING = 1e-7, 1e7


@dataclass(frozen=True, eq=False)
class Fit:
    """Fitted components.

    values : (n, 12); chi2 : of the components less that of none, prior included
    information : (12 n, 12 n), prior included; free : (n, 12) what was fitted
    converged, steps : whether and when the fit came to an end
    spectra : (n,) of lines that move, where they were measured
    sides : pairs of components that are two sides of one galaxy, where that was asked
    """

    problem: Problem
    values: np.ndarray
    chi2: float
    information: np.ndarray
    free: np.ndarray
    converged: bool
    steps: int
    spectra: tuple[LineSpectrum | None, ...] = ()
    sides: tuple[tuple[int, int], ...] = ()

    @cached_property
    def covariance(self) -> np.ndarray:
        """(n, 12, n, 12) of the estimates in the noise; NaN where not fitted."""
        return sandwich(self.problem, self.values, self.information, self.free)

    def without_data(self) -> Fit:
        """The same without the data that it was fitted to: what is left knows its errors.

        They would take as much memory for every source as its patch of the cube.
        """
        return replace(self, problem=self.problem.without_data())

    @property
    def brightness(self) -> np.ndarray:
        """(n, 12) of each parameter, its signal-to-noise ratio if all others were known."""
        information = np.diag(self.information).reshape(self.values.shape)
        brightness: np.ndarray = np.abs(self.values) * np.sqrt(np.maximum(information, 0.0))
        return brightness

    @cached_property
    def gain(self) -> np.ndarray:
        """(n,) chi^2 that the fit would lose without each component's line, all else refitted."""
        return line_gain(self.values, self.information, self.free)

    @cached_property
    def residual_peak(self) -> float:
        """Signal-to-noise ratio of the highest line left in the patch."""
        peaks = residual_peaks(self.problem, self.values, least=-np.inf, most=1)
        return peaks[0].snr if peaks else 0.0


def fit(
    problem: Problem,
    start: np.ndarray,
    free: np.ndarray,
) -> Fit:
    """Fit components from a start (n, 12), to the end, their sizes as noise has them.

    free : (n, 12) bool; what is not stays what it is. A free flux of NaN is solved for
    """
    near = fit_free(problem, start, free)
    # from far away, a negative size would run off into modes sharper than the beam
    return fit_free(problem, near.values, free, signed_sizes=True)


def fit_free(
    problem: Problem,
    start: np.ndarray,
    free: np.ndarray,
    *,
    signed_sizes: bool = False,
    most_steps: int = MOST_STEPS,
    small_gain: float = SMALL_GAIN,
) -> Fit:
    """Fit those parameters of components (n, 12) that are free.

    signed_sizes : whether C may have an eigenvalue below 0, to -0.2 beam sigma^2
    """
    least = LEAST_SIZE * problem.beam_sigma_px**2 if signed_sizes else 0.0
    start = _with_some_continuum(start, free)
    values = _within(problem, _with_amplitudes(problem, start, free), least)
    here = _with_prior(problem, values)
    damping, converged, step = DAMPING, len(values) == 0, 0
    while not converged and step < most_steps and damping < MOST_DAMPING:
        step += 1
        there, share = _stepped(problem, values, here, free, damping=damping, least=least)
        ahead = _with_prior(problem, there)
        if not problem.lowest_chi2 < ahead.chi2 < here.chi2:
            # nothing moved, or what it would gain is lost in rounding
            converged = bool(np.abs(there - values).max() < 1e-9)
            damping = max(damping, 1e-6) * STIFFENED
            continue
        converged = here.chi2 - ahead.chi2 < small_gain and share > 0.999
        values, here = there, ahead
        damping = max(damping * EASED, LEAST_DAMPING)
    return Fit(problem, values, here.chi2, here.information, free, converged, step)


def _stepped(
    problem: Problem,
    values: np.ndarray,
    here: Normal,
    free: np.ndarray,
    *,
    damping: float,
    least: float,
) -> tuple[np.ndarray, float]:
    """The components after a step, and the least share of its full step that any of them took."""
    at = np.flatnonzero(free)
    change = np.zeros(values.size)
    change[at] = _solved(here.information[np.ix_(at, at)], here.gradient.ravel()[at], damping)
    step = change.reshape(values.shape)
    shares = np.minimum(1, (_largest(problem, values) / np.maximum(abs(step), 1e-30)).min(axis=1))
    there = _within(problem, values + step * shares[:, None], least)
    held = np.zeros_like(free)
    held[:, SIZES] = np.any(
        np.abs(there - values - step * shares[:, None])[:, SIZES] > 1e-12, axis=1, keepdims=True
    )
    if np.any(held & free):
        # a size that is held back changes what is best for all else
        moved = (there - values).ravel() * held.ravel()
        rest = np.flatnonzero(free & ~held)
        gradient = here.gradient.ravel() - here.information @ moved
        change = moved.copy()
        change[rest] = _solved(here.information[np.ix_(rest, rest)], gradient[rest], damping)
        step = change.reshape(values.shape)
        ratio = _largest(problem, values) / np.maximum(abs(step), 1e-30)
        shares = np.minimum(1, np.where(held, np.inf, ratio).min(axis=1))
        there = _within(problem, values + np.where(held, step, step * shares[:, None]), least)
    return there, float(shares.min())


def _solved(information: np.ndarray, gradient: np.ndarray, damping: float) -> np.ndarray:
    """A step of parameters scaled so that each has unit information."""
    diagonal = np.diag(information)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, np.inf))
    scaled = information * np.outer(scale, scale)
    while True:
        damped = scaled + np.diag(np.full(len(scale), damping))
        try:
            step: np.ndarray = scale * cho_solve(cho_factor(damped), scale * gradient)
        except LinAlgError:
            damping = max(damping, 1e-6) * STIFFENED
        else:
            return step


def _largest(problem: Problem, values: np.ndarray) -> np.ndarray:
    """(n, 12) largest step of each parameter: what a start may be wrong by, and not a neighbour."""
    beam = problem.beam_sigma_px
    squared = np.maximum(values[:, CXX] + values[:, CYY], 0.0) / 2
    largest = np.full(values.shape, np.inf)
    largest[:, [X, Y]] = np.maximum(1.2 * beam, 0.5 * np.sqrt(squared))[:, None]
    largest[:, SIZES] = np.maximum(2 * beam**2, 0.5 * squared)[:, None]
    largest[:, CHANNEL] = np.maximum(1.0, 0.7 * values[:, SIGMA])
    largest[:, SIGMA] = np.maximum(0.3, 0.4 * values[:, SIGMA])
    apparent = np.sqrt(beam**2 + squared)
    largest[:, GRADIENT] = (0.7 * apparent / values[:, SIGMA])[:, None]
    return largest


def _within(problem: Problem, values: np.ndarray, least: float) -> np.ndarray:
    """The components, moved into the box and the band, with sizes that can be."""
    values = values.copy()
    for column, part in ((X, problem.columns), (Y, problem.rows)):
        low, high = part.start - OUTSIDE_PX, part.stop - 1 + OUTSIDE_PX
        values[:, column] = np.clip(values[:, column], low, high)
    last = problem.channels - 1
    profile = problem.profile
    values[:, CHANNEL] = np.clip(
        values[:, CHANNEL], -profile.outside_chan, last + profile.outside_chan
    )
    values[:, SIGMA] = np.clip(
        values[:, SIGMA], profile.least_sigma, profile.largest_sigma * problem.channels
    )
    largest = (LARGEST_BEAMS * problem.beam_sigma_px) ** 2
    mean = (values[:, CXX] + values[:, CYY]) / 2
    half = (values[:, CXX] - values[:, CYY]) / 2
    spread = np.hypot(half, values[:, CXY])
    high, low = (np.clip(mean + sign * spread, least, largest) for sign in (1, -1))
    kept = np.where(spread > 0, (high - low) / (2 * np.maximum(spread, 1e-300)), 0.0)
    values[:, CXX] = (high + low) / 2 + kept * half
    values[:, CYY] = (high + low) / 2 - kept * half
    values[:, CXY] *= kept
    return values


def _with_some_continuum(start: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Exactly no continuum is none, of which nothing is known: one that is free is faint."""
    values = np.array(start, float)
    none = free[:, CONTINUUM] & (values[:, CONTINUUM] == 0)
    values[none, CONTINUUM] = FAINT
    return values


def _with_amplitudes(problem: Problem, start: np.ndarray, free: np.ndarray) -> np.ndarray:
    """The start, its unknown fluxes and continua solved for: they are linear."""
    values = np.array(start, float)
    unknown = np.isnan(values)
    if not unknown.any():
        return values
    trial = np.where(unknown, FAINT, values)
    equations = normal_equations(problem, trial)
    at = np.flatnonzero(unknown & free)
    trial.ravel()[at] = _solved(
        equations.information[np.ix_(at, at)], equations.gradient.ravel()[at], 1e-9
    )
    return trial


def _with_prior(problem: Problem, values: np.ndarray) -> Normal:
    """The equations with the weak prior of sizes."""
    found = normal_equations(problem, values)
    beam = problem.beam_sigma_px**2
    weight = 1 / (PRIOR_SIZE * beam) ** 2
    off = np.zeros_like(values)
    off[:, [CXX, CYY]] = values[:, [CXX, CYY]] - beam
    off[:, CXY] = values[:, CXY]
    stiffness = np.zeros_like(values)
    stiffness[:, SIZES] = weight
    return Normal(
        found.chi2 + weight * float(np.sum(off**2)),
        found.gradient - weight * off,
        found.information + np.diag(stiffness.ravel()),
    )
