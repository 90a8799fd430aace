"""Which components the data ask for: starts kept or dropped, others added and split.

Components come and go while sizes cannot be negative: a negative size opens modes sharper than the
beam, which noise fills. Whatever is added has to gain more chi^2 than the threshold, which the
caller sets by how many places and channels were searched. What is added is a line; its continuum,
if it has one of its own, is the caller's to free.
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
    free_but,
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
LINE_ONLY = free_but(1, *GRADIENT, CONTINUUM, SLOPE)


@dataclass(frozen=True)
class Needed:
    """Gains of chi^2 that a component needs.

    kept : of a start, whose place was searched for; added : of another component beside it, which
        noise may have put anywhere; moves : of a velocity gradient, two numbers at a known place
    """

    kept: float
    added: float
    moves: float = 16.0


def fit_starts(problem: Problem, starts: np.ndarray, free: np.ndarray, needed: Needed) -> Fit:
    """Fit the starts (n, 12) alone, roughly, without those whose line gains too little.

    free : (n, 12) bool, what is fitted; all else stays what it is
    """
    return _dropped(_roughly(problem, starts, free), needed, most=len(starts))


def grow(
    problem: Problem, starts: np.ndarray, free: np.ndarray, needed: Needed, *, most: int = MOST
) -> Fit:
    """Fit the starts (n, 12), none allowed, and whatever else gains enough; roughly.

    free : (n, 12) bool, of the starts; of what is added, place, shape and line are free
    most : components in the end, at most; but no start is left out before it was fitted
    """
    fitted = _roughly(problem, np.asarray(starts, float).reshape(-1, COUNT), free)
    fitted = _added(fitted, needed, most)
    fitted = _split(fitted, needed, most)
    return _dropped(fitted, needed, most=most)


def _roughly(problem: Problem, values: np.ndarray, free: np.ndarray) -> Fit:
    return fit_free(problem, values, free, most_steps=JOINT_STEPS, small_gain=ROUGHLY)


def _alone(problem: Problem, values: np.ndarray, free: np.ndarray, chosen: list[int]) -> Fit:
    """Some components, roughly, the others held."""
    held = free.copy()
    held[[i for i in range(len(values)) if i not in chosen]] = False
    held[:, GRADIENT] = False
    return fit_free(problem, values, held, most_steps=PAIR_STEPS, small_gain=ROUGHLY)


def _added(fitted: Fit, needed: Needed, most: int) -> Fit:
    """With the highest peaks of the residual, as long as they gain enough."""
    failed: list[ResidualPeak] = []
    least = float(np.sqrt(WORTH_A_TRY * needed.added))
    while len(fitted.values) < most and len(failed) < MOST_FAILURES:
        peaks = residual_peaks(fitted.problem, fitted.values, least=least, most=len(failed) + 1)
        least = max(least, NOT_NOISE * peaks[0].snr) if peaks else least
        beam = fitted.problem.beam_sigma_px
        new = [peak for peak in peaks if not any(_same(peak, old, beam) for old in failed)]
        if not new:
            break
        better = _with(fitted, new[0].start, needed)
        if better is None:
            failed.append(new[0])
        else:
            fitted = better
    return fitted


def _with(fitted: Fit, start: np.ndarray, needed: Needed) -> Fit | None:
    """With one more component, if that gains enough."""
    start = start.copy()
    start[CONTINUUM] = 0.0
    values = np.concatenate([fitted.values, start[None]])
    free = np.concatenate([fitted.free, LINE_ONLY])
    alone = _alone(fitted.problem, values, free, [len(fitted.values)])
    if not alone.values[-1, FLUX] > 0:
        return None
    joint = _roughly(fitted.problem, alone.values, free)
    enough = fitted.chi2 - joint.chi2 > needed.added
    return joint if enough and joint.values[-1, FLUX] > 0 else None


def _split(fitted: Fit, needed: Needed, most: int) -> Fit:
    """With components replaced by two, each where that gains enough, the brightest first."""
    order = np.argsort(-fitted.gain)
    for i in order:
        if len(fitted.values) >= most:
            break
        # both halves need a line that gains the threshold by itself
        if fitted.gain[i] > 2 * needed.added:
            fitted = _split_one(fitted, int(i), needed) or fitted
    return fitted


def _split_one(fitted: Fit, i: int, needed: Needed) -> Fit | None:
    pairs = [int(i), len(fitted.values)]
    problem = fitted.problem
    free = np.concatenate([fitted.free, fitted.free[[i]]])
    tries = [
        _alone(problem, _halved(fitted.values, i, offset), free, pairs)
        for offset in _offsets(fitted.values[i], problem.beam_sigma_px)
    ]
    best = min(tries, key=lambda each: each.chi2)
    if fitted.chi2 - best.chi2 < needed.added / 2 or np.any(best.values[pairs, FLUX] <= 0):
        return None
    joint = _roughly(problem, best.values, free)
    enough = fitted.chi2 - joint.chi2 > needed.added
    return joint if enough and np.all(joint.values[pairs, FLUX] > 0) else None


def _offsets(row: np.ndarray, beam_sigma_px: float) -> list[np.ndarray]:
    """Three ways (x, y, channel) from a component to its half: along its axes and its line."""
    apparent = covariance_of(row[None])[0] + np.eye(2) * beam_sigma_px**2
    lengths, vectors = np.linalg.eigh(apparent)
    ways = [np.append(0.7 * np.sqrt(lengths[k]) * vectors[:, k], 0.0) for k in (1, 0)]
    return [*ways, np.array([0.0, 0.0, 0.7 * row[SIGMA]])]


def _halved(values: np.ndarray, i: int, offset: np.ndarray) -> np.ndarray:
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


def _dropped(fitted: Fit, needed: Needed, *, most: int) -> Fit:
    """Without the components whose lines gain less than the threshold, the least first."""
    while len(fitted.values):
        # a line in absorption is not what was looked for
        gain = np.where(fitted.values[:, FLUX] > 0, fitted.gain, 0.0)
        i = int(np.argmin(gain))
        if gain[i] > CLEARLY_NEEDED * needed.kept and len(fitted.values) <= most:
            break
        left = np.arange(len(gain)) != i
        fewer = _roughly(fitted.problem, fitted.values[left], fitted.free[left])
        is_needed = gain[i] > 0 and fewer.chi2 - fitted.chi2 > needed.kept
        if is_needed and len(fitted.values) <= most:
            break
        fitted = fewer
    return fitted


def _same(one: ResidualPeak, other: ResidualPeak, beam_sigma_px: float) -> bool:
    apart = one.start - other.start
    near = float(np.hypot(apart[X], apart[Y])) < beam_sigma_px
    return near and abs(apart[CHANNEL]) < 2.0
