"""From starts to as many components as the data ask for: add, split, drop, and fit all freely.

Components are added while sizes cannot be negative: a negative size opens modes sharper than the
beam, which noise fills. Whatever is added has to gain more chi^2 than the threshold, which the
caller sets by how many places and channels were searched.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.fit.parameters import (
    BRIGHTNESS,
    CHANNEL,
    CONTINUUM,
    COUNT,
    FLUX,
    GRADIENT,
    SIGMA,
    SLOPE,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.parameters import SIZES as SIZE_COLUMNS
from deepfocus.fit.patch import Problem
from deepfocus.fit.residual import ResidualPeak, residual_peaks
from deepfocus.fit.solve import Fit, fit_free

MOST = 16
"""Components in a patch."""
WORTH_A_TRY = 0.6
"""Of the threshold: a peak whose square is higher may gain enough once it is fitted."""
NOT_NOISE = 0.02
"""Of the first residual peak: below, the errors of a bright model are mistaken for components."""
MOST_FAILURES = 4
"""Peaks in turn that do not gain enough, after which no more are tried."""
PAIR_STEPS, JOINT_STEPS, ROUGHLY = 8, 15, 0.3
CLEARLY_NEEDED = 2.0
"""Times the threshold: a component whose line gains more need not be fitted without."""


@dataclass(frozen=True)
class Needed:
    """Gains of chi^2 that a component needs.

    kept : of a start, whose place was searched for; added : of another component beside it, which
        noise may have put anywhere
    """

    kept: float
    added: float


@dataclass(frozen=True)
class _Growth:
    """What stays the same while components come and go: data, thresholds, what is free."""

    problem: Problem
    needed: Needed
    gradients: bool
    continuum: bool
    slopes: bool
    most: int

    def free(self, n: int) -> np.ndarray:
        free = np.ones((n, COUNT), bool)
        free[:, GRADIENT] = self.gradients
        free[:, CONTINUUM] = self.continuum
        free[:, SLOPE] = self.slopes
        return free

    def refit(self, values: np.ndarray) -> Fit:
        """All components, roughly."""
        free = self.free(len(values))
        steps, gain = JOINT_STEPS, ROUGHLY
        return fit_free(self.problem, values, free, most_steps=steps, small_gain=gain)

    def freely(self, fitted: Fit) -> Fit:
        """All components to the end, with sizes that noise may make negative."""
        free = self.free(len(fitted.values))
        return fit_free(self.problem, fitted.values, free, signed_sizes=True)

    def refit_only(self, values: np.ndarray, chosen: list[int]) -> Fit:
        """Some components, the others held."""
        free = self.free(len(values))
        free[[i for i in range(len(values)) if i not in chosen]] = False
        free[:, GRADIENT] = False
        steps, gain = PAIR_STEPS, ROUGHLY
        return fit_free(self.problem, values, free, most_steps=steps, small_gain=gain)


def fit_starts(
    problem: Problem,
    starts: np.ndarray,
    needed: Needed,
    *,
    gradients: bool = False,
    continuum: bool = True,
    slopes: bool = False,
) -> Fit:
    """Fit the starts (n, 12) alone, without those whose line gains too little."""
    growth = _Growth(problem, needed, gradients, continuum, slopes, len(starts))
    return growth.freely(_dropped(growth, growth.refit(starts)))


def grow(
    problem: Problem,
    starts: np.ndarray,
    needed: Needed,
    *,
    gradients: bool = False,
    continuum: bool = True,
    slopes: bool = False,
    most: int = MOST,
) -> Fit:
    """Fit the starts (n, 12), none allowed, and whatever else gains enough.

    gradients, continuum, slopes : whether they are free
    most : components in the end, at most; but no start is left out before it was fitted
    """
    growth = _Growth(problem, needed, gradients, continuum, slopes, most)
    fitted = growth.refit(np.asarray(starts, float).reshape(-1, COUNT))
    fitted = _added(growth, fitted)
    fitted = _split(growth, fitted)
    return growth.freely(_dropped(growth, fitted))


def _added(growth: _Growth, fitted: Fit) -> Fit:
    """With the highest peaks of the residual, as long as they gain enough."""
    failed: list[ResidualPeak] = []
    least = float(np.sqrt(WORTH_A_TRY * growth.needed.added))
    while len(fitted.values) < growth.most and len(failed) < MOST_FAILURES:
        peaks = residual_peaks(growth.problem, fitted.values, least=least, most=len(failed) + 1)
        least = max(least, NOT_NOISE * peaks[0].snr) if peaks else least
        new = [peak for peak in peaks if not any(_same(growth, peak, old) for old in failed)]
        if not new:
            break
        better = _with(growth, fitted, new[0].start)
        if better is None:
            failed.append(new[0])
        else:
            fitted = better
    return fitted


def _with(growth: _Growth, fitted: Fit, start: np.ndarray) -> Fit | None:
    """With one more component, if that gains enough."""
    values = np.concatenate([fitted.values, start[None]])
    alone = growth.refit_only(values, [len(fitted.values)])
    if not alone.values[-1, FLUX] > 0:
        return None
    joint = growth.refit(alone.values)
    enough = fitted.chi2 - joint.chi2 > growth.needed.added
    return joint if enough and joint.values[-1, FLUX] > 0 else None


def _split(growth: _Growth, fitted: Fit) -> Fit:
    """With components replaced by two, each where that gains enough, the brightest first."""
    order = np.argsort(-fitted.gain)
    for i in order:
        if len(fitted.values) >= growth.most:
            break
        # both halves need a line that gains the threshold by itself
        if fitted.gain[i] > 2 * growth.needed.added:
            fitted = _split_one(growth, fitted, int(i)) or fitted
    return fitted


def _split_one(growth: _Growth, fitted: Fit, i: int) -> Fit | None:
    pairs = [int(i), len(fitted.values)]
    tries = [
        growth.refit_only(_halved(growth, fitted.values, i, offset), pairs)
        for offset in _offsets(growth, fitted.values[i])
    ]
    best = min(tries, key=lambda each: each.chi2)
    if fitted.chi2 - best.chi2 < growth.needed.added / 2 or np.any(best.values[pairs, FLUX] <= 0):
        return None
    joint = growth.refit(best.values)
    enough = fitted.chi2 - joint.chi2 > growth.needed.added
    return joint if enough and np.all(joint.values[pairs, FLUX] > 0) else None


def _offsets(growth: _Growth, row: np.ndarray) -> list[np.ndarray]:
    """Three ways (x, y, channel) from a component to its half: along its axes and its line."""
    apparent = covariance_of(row[None])[0] + np.eye(2) * growth.problem.beam_sigma_px**2
    lengths, vectors = np.linalg.eigh(apparent)
    ways = [np.append(0.7 * np.sqrt(lengths[k]) * vectors[:, k], 0.0) for k in (1, 0)]
    return [*ways, np.array([0.0, 0.0, 0.7 * row[SIGMA]])]


def _halved(growth: _Growth, values: np.ndarray, i: int, offset: np.ndarray) -> np.ndarray:
    """The components, the i-th replaced by two of half its flux on either side of it."""
    one, other = values[i].copy(), values[i].copy()
    for half, sign in ((one, 1), (other, -1)):
        half[[X, Y, CHANNEL]] += sign * offset
        half[BRIGHTNESS] /= 2
        half[SIZE_COLUMNS] /= 2
        if offset[2]:
            half[SIGMA] *= 0.7
    split = np.concatenate([values, other[None]])
    split[i] = one
    return split


def _dropped(growth: _Growth, fitted: Fit) -> Fit:
    """Without the components whose lines gain less than the threshold, the least first."""
    while len(fitted.values):
        # a line in absorption is not what was looked for
        gain = np.where(fitted.values[:, FLUX] > 0, fitted.gain, 0.0)
        i = int(np.argmin(gain))
        if gain[i] > CLEARLY_NEEDED * growth.needed.kept and len(fitted.values) <= growth.most:
            break
        fewer = growth.refit(np.delete(fitted.values, i, axis=0))
        needed = gain[i] > 0 and fewer.chi2 - fitted.chi2 > growth.needed.kept
        if needed and len(fitted.values) <= growth.most:
            break
        fitted = fewer
    return fitted


def _same(growth: _Growth, one: ResidualPeak, other: ResidualPeak) -> bool:
    apart = one.start - other.start
    near = float(np.hypot(apart[X], apart[Y])) < growth.problem.beam_sigma_px
    return near and abs(apart[CHANNEL]) < 2.0
