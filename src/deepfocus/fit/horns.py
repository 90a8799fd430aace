"""A disc in place of two lines: what it would lose tells whether they are its two sides.

The line of a disc has two horns, one from each side; from one to the other, what shines in between
moves over the sky as its frequency changes. Gaussians of one shape at cos(pi (k + 1/2) / n) of the
way are that: velocities along the line of sight are so distributed around a ring. It has eleven
numbers, where two lines have sixteen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from deepfocus.fit.equations import Normal, normal_equations, without
from deepfocus.fit.parameters import (
    CHANNEL,
    COUNT,
    CXX,
    CXY,
    CYY,
    FLUX,
    SIGMA,
    SIZES,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.patch import Problem
from deepfocus.fit.solve import Fit

STEP = 1.2
"""From one Gaussian to the next, at most, in standard deviations of their lines."""
FEWEST, MOST = 3, 24
"""Gaussians along the way."""
LEAST_SIZE = 0.2
"""Of the beam's standard deviation: sizes do not start at 0, where nothing tells them to grow."""
STEPS = 40

NUMBERS = 11
MIDDLE = [0, 1, 2]
"""x, y, channel of the disc's centre."""
WAY = [3, 4, 5]
"""From there to the horn at the end, in x, y, channel."""
ROOT = [6, 7, 8]
"""xx, xy, yy of the triangular root of the covariance on the sky: it cannot be negative."""
LOG_SIGMA, TOTAL = 9, 10
PLACE = [X, Y, CHANNEL]


def lost_as_disc(fitted: Fit, members: np.ndarray) -> float:
    """Chi^2 that the fit would lose if a disc stood in place of two lines; negative for a gain.

    members : (2,) indices of components that do not move. All else stays as it is fitted, and so
        does their continuum.
    """
    lines = fitted.values[members].copy()
    others = fitted.values.copy()
    others[members, FLUX] = 0.0
    lines[:, FLUX + 1 :] = 0.0
    left = without(fitted.problem, others)
    disc = _Disc.between(left, lines)
    as_lines = normal_equations(left, lines).chi2
    return _least_chi2(disc, _start(lines, left.beam_sigma_px)) - as_lines


@dataclass(frozen=True, eq=False)
class _Disc:
    """Gaussians tied to the numbers (11,) of a disc; at : (n,) where on the way from -1 to 1."""

    problem: Problem
    at: np.ndarray

    @classmethod
    def between(cls, problem: Problem, lines: np.ndarray) -> _Disc:
        """With so many that lines as narrow as the narrower overlap."""
        half = float(np.ptp(lines[:, CHANNEL])) / 2
        n = np.clip(np.ceil(np.pi * half / (STEP * lines[:, SIGMA].min())), FEWEST, MOST)
        return cls(problem, np.cos(np.pi * (np.arange(n) + 0.5) / n))

    def components(self, numbers: np.ndarray) -> np.ndarray:
        """(n, 12) of the disc."""
        rows = np.zeros((len(self.at), COUNT))
        rows[:, PLACE] = numbers[MIDDLE] + np.outer(self.at, numbers[WAY])
        xx, xy, yy = numbers[ROOT]
        rows[:, SIZES] = xx**2, xy**2 + yy**2, xx * xy
        rows[:, SIGMA] = np.exp(numbers[LOG_SIGMA])
        rows[:, FLUX] = numbers[TOTAL] / len(self.at)
        return rows

    def derivatives(self, numbers: np.ndarray) -> np.ndarray:
        """(12 n, 11) of the components by the numbers."""
        n = len(self.at)
        by = np.zeros((n, COUNT, NUMBERS))
        by[:, PLACE, MIDDLE] = 1.0
        by[:, PLACE, WAY] = self.at[:, None]
        xx, xy, yy = numbers[ROOT]
        by[:, CXX, ROOT] = 2 * xx, 0.0, 0.0
        by[:, CYY, ROOT] = 0.0, 2 * xy, 2 * yy
        by[:, CXY, ROOT] = xy, xx, 0.0
        by[:, SIGMA, LOG_SIGMA] = np.exp(numbers[LOG_SIGMA])
        by[:, FLUX, TOTAL] = 1 / n
        return by.reshape(n * COUNT, NUMBERS)


def _start(lines: np.ndarray, beam_sigma_px: float) -> np.ndarray:
    """(11,) numbers of a disc whose horns are two lines (2, 12)."""
    numbers = np.zeros(NUMBERS)
    first, last = lines[np.argsort(lines[:, CHANNEL])][:, PLACE]
    numbers[MIDDLE] = (first + last) / 2
    numbers[WAY] = (last - first) / 2
    least = (LEAST_SIZE * beam_sigma_px) ** 2
    root = np.linalg.cholesky(covariance_of(lines).mean(axis=0) + least * np.eye(2))
    numbers[ROOT] = root[0, 0], root[1, 0], root[1, 1]
    numbers[LOG_SIGMA] = np.log(lines[:, SIGMA].min())
    numbers[TOTAL] = lines[:, FLUX].sum()
    return numbers


def _least_chi2(disc: _Disc, start: np.ndarray) -> float:
    """Of the disc, from a start (11,), in steps no longer than a beam or a line is wide."""
    beam, sigma = disc.problem.beam_sigma_px, np.exp(start[LOG_SIGMA])
    lowest = disc.problem.lowest_chi2
    unit = np.array([beam, beam, sigma, beam, beam, sigma, beam, beam, beam, 1.0, start[TOTAL]])

    def at(steps: np.ndarray) -> tuple[Normal, np.ndarray]:
        numbers = start + unit * steps
        equations = normal_equations(disc.problem, disc.components(numbers))
        return equations, disc.derivatives(numbers) * unit

    def chi2(steps: np.ndarray) -> tuple[float, np.ndarray]:
        equations, by = at(steps)
        # where the beam's power is negative, chi^2 would fall without end
        bounded = equations.chi2 if equations.chi2 > lowest else np.inf
        return bounded, -2 * equations.gradient.ravel() @ by

    def curvature(steps: np.ndarray) -> np.ndarray:
        equations, by = at(steps)
        bent: np.ndarray = 2 * by.T @ equations.information @ by
        return bent

    ended = minimize(
        chi2,
        np.zeros(NUMBERS),
        method="trust-exact",
        jac=True,
        hess=curvature,
        options={
            "maxiter": STEPS,
            "initial_trust_radius": 0.5,
            "max_trust_radius": 1.0,
            "gtol": 0.1,
        },
    )
    return float(ended.fun)
