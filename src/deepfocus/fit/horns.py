"""A disc in place of lines: what it would lose tells whether they are its two sides.

The line of a disc has two horns, one from each side; from one to the other, what shines in between
moves over the sky as its frequency changes. Gaussians of one shape at cos(pi (k + 1/2) / n) of the
way are that: velocities along the line of sight are so distributed around a ring. It has eleven
numbers, where two lines have sixteen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import minimize

from deepfocus.fit.equations import Normal, normal_equations, without
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
    CXY,
    CYY,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    SLOPE,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.patch import Problem
from deepfocus.fit.solve import Fit
from deepfocus.fit.together import as_one

STEP = 1.2
"""From one Gaussian to the next, at most, in standard deviations of their lines."""
FEWEST, MOST = 3, 24
"""Gaussians along the way."""
LEAST_SIZE = 0.2
"""Of the beam's standard deviation: sizes do not start at 0, where nothing tells them to grow."""
STEPS = 40
AS_DISC = 12.0
"""Chi^2 that a disc may lose in place of two Gaussians: noise gives as much to their five numbers
more in 3% of discs."""
BEYOND_NOISE = 3.0
"""The same, of lines that need not touch, above one for each number that they have more: of 131
pairs of sources a disc lost 9 in one, 14 and more in the others; of 15 pairs of sides no more than
this allows in ten, 14 to 51 in five."""
LEAST_GAP = 1.5
"""From side to side, in standard deviations of both lines: sides differ in velocity."""
LOST_AT_FIRST = 0.45
"""Of what two lines gain, from which on a disc between them that is not fitted yet is none: of
sides it is 0.2 to 0.35, of pairs of sources 0.4 and more."""

NUMBERS = 11
MIDDLE = [0, 1, 2]
"""x, y, channel of the disc's centre."""
WAY = [3, 4, 5]
"""From there to the horn at the end, in x, y, channel."""
ROOT = [6, 7, 8]
"""xx, xy, yy of the triangular root of the covariance on the sky: it cannot be negative."""
LOG_SIGMA, TOTAL = 9, 10
PLACE = [X, Y, CHANNEL]
OF_LINES = [*PLACE, *SIZES, SIGMA, FLUX, *GRADIENT]


def are_sides(fitted: Fit, members: np.ndarray) -> bool:
    """Whether components (indices), the first and last apart in frequency, are one disc."""
    lines = fitted.values[members]
    first, last = lines[np.argsort(lines[:, CHANNEL])][[0, -1]]
    if last[CHANNEL] - first[CHANNEL] <= LEAST_GAP * np.hypot(first[SIGMA], last[SIGMA]):
        return False
    more = np.count_nonzero(fitted.free[members][:, OF_LINES]) - NUMBERS
    return bool(lost_as_disc(fitted, members) < more + BEYOND_NOISE)


def lost_as_disc(fitted: Fit, members: np.ndarray) -> float:
    """Chi^2 that the fit would lose if a disc stood in place of lines; negative for a gain.

    members : indices of two components or more. All else stays as it is fitted, and so does their
        continuum. Where first guesses at a disc lose nearly half of what they gain, it is what
        those lose.
    """
    lines = fitted.values[members].copy()
    others = fitted.values.copy()
    others[members, FLUX] = 0.0
    lines[:, [CONTINUUM, SLOPE]] = 0.0
    left = without(fitted.problem, others)
    as_lines = normal_equations(left, lines).chi2
    starts = (_of_ends(lines, left.beam_sigma_px), _of_moments(lines, left.beam_sigma_px))
    discs = [_Disc(left, start) for start in starts]
    at_first = [disc.chi2 - as_lines for disc in discs]
    most = max(LOST_AT_FIRST * -as_lines, AS_DISC)
    tried = [disc for disc, lost in zip(discs, at_first, strict=True) if lost < most]
    return min([*at_first, *(_least_chi2(disc) - as_lines for disc in tried)])


@dataclass(frozen=True, eq=False)
class _Disc:
    """Gaussians tied to the numbers (11,) of a disc, and what these are at first."""

    problem: Problem
    start: np.ndarray

    @cached_property
    def at(self) -> np.ndarray:
        """(n,) where on the way from -1 to 1: so many that their lines overlap."""
        half = abs(float(self.start[WAY][2]))
        n = np.clip(np.ceil(np.pi * half / (STEP * np.exp(self.start[LOG_SIGMA]))), FEWEST, MOST)
        at: np.ndarray = np.cos(np.pi * (np.arange(n) + 0.5) / n)
        return at

    @cached_property
    def chi2(self) -> float:
        """At first."""
        return normal_equations(self.problem, self.components(self.start)).chi2

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


def _of_ends(lines: np.ndarray, beam_sigma_px: float) -> np.ndarray:
    """(11,) numbers of a disc whose horns are the first and the last of lines (n, 12)."""
    first, last = lines[np.argsort(lines[:, CHANNEL])][[0, -1]][:, PLACE]
    numbers = _numbers((first + last) / 2, (last - first) / 2, lines)
    shape = covariance_of(lines).mean(axis=0)
    return _with_shape(numbers, shape, beam_sigma_px)


def _of_moments(lines: np.ndarray, beam_sigma_px: float) -> np.ndarray:
    """(11,) numbers of a disc with the moments of lines, of which one may be most of it."""
    one = as_one(lines)
    half = np.sqrt(2.0) * one[SIGMA]
    numbers = _numbers(one[PLACE], half * np.append(one[GRADIENT], 1.0), lines)
    return _with_shape(numbers, covariance_of(one[None])[0], beam_sigma_px)


def _numbers(middle: np.ndarray, way: np.ndarray, lines: np.ndarray) -> np.ndarray:
    numbers = np.zeros(NUMBERS)
    numbers[MIDDLE], numbers[WAY] = middle, way
    numbers[LOG_SIGMA] = np.log(lines[:, SIGMA].min())
    numbers[TOTAL] = lines[:, FLUX].sum()
    return numbers


def _with_shape(numbers: np.ndarray, shape: np.ndarray, beam_sigma_px: float) -> np.ndarray:
    """With the root of a covariance on the sky (2, 2), a small part of the beam at least."""
    sizes, axes = np.linalg.eigh(shape)
    least = (LEAST_SIZE * beam_sigma_px) ** 2
    root = np.linalg.cholesky((axes * np.maximum(sizes, least)) @ axes.T)
    numbers[ROOT] = root[0, 0], root[1, 0], root[1, 1]
    return numbers


def _least_chi2(disc: _Disc) -> float:
    """Of the disc, from its start, in steps no longer than a beam or a line is wide."""
    start = disc.start
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
