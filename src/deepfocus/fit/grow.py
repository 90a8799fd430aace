"""Which components the data ask for: starts kept or dropped, others added and split.

Components come and go while sizes cannot be negative: a negative size opens modes sharper than the
beam, which noise fills. Whatever is added has to gain more chi^2 than the threshold, which the
caller sets by how many places and channels were searched. What is added is a line, and a continuum
of its own where the starts have a bright one: two sources that were one at first.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np

from deepfocus.fit.equations import without
from deepfocus.fit.in_band import free_lines
from deepfocus.fit.parameters import (
    BRIGHTNESS,
    CHANNEL,
    CONTINUUM,
    COUNT,
    FLUX,
    GRADIENT,
    SIGMA,
    X,
    Y,
    covariance_of,
)
from deepfocus.fit.parameters import SIZES as SIZE_COLUMNS
from deepfocus.fit.patch import Problem
from deepfocus.fit.places import own_continuum
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
OVERLAP = 2.0
"""Components overlap up to this distance, in the sum of their standard deviations."""
CLEARLY_NEEDED = 2.0
"""Times the threshold: a component whose line gains more need not be fitted without."""
BRIGHT_CONTINUUM = 20.0
"""Signal-to-noise of a continuum that may be that of two sources."""


@dataclass(frozen=True)
class Needed:
    """Gains of chi^2 that a component needs.

    kept : of a start, whose place was searched for; added : of another component beside it, which
        noise may have put anywhere; moves : of a velocity gradient, two numbers at a known place;
        between : of light between two lines, one number at a known place; again : of another line
        where there is one
    model_error : of the signal-to-noise of all together, what their model may be wrong by
    """

    kept: float
    added: float
    moves: float
    between: float
    again: float
    model_error: float = 0.0

    def beside(self, gain: float) -> Needed:
        """Beside what gains as much, whose own model's errors are not to be mistaken for more."""
        error = self.model_error**2 * max(gain, 0.0)
        each = {name: max(value, error) for name, value in asdict(self).items()}
        return Needed(**each | {"model_error": self.model_error})


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


def _added(fitted: Fit, needed: Needed, most: int) -> Fit:
    """With the highest peaks of the residual, as long as they gain enough."""
    failed: list[ResidualPeak] = []
    least = float(np.sqrt(WORTH_A_TRY * needed.added))
    grown = Grown(
        fitted.values, fitted.free, bool(np.any(continuum_snr(fitted) > BRIGHT_CONTINUUM))
    )
    while len(grown.values) < most and len(failed) < MOST_FAILURES:
        peaks = residual_peaks(fitted.problem, grown.values, least=least, most=len(failed) + 1)
        least = max(least, NOT_NOISE * peaks[0].snr) if peaks else least
        beam = fitted.problem.beam_sigma_px
        new = [peak for peak in peaks if not any(_same(peak, old, beam) for old in failed)]
        if not new:
            break
        better = _with(fitted.problem, grown, new[0].start, needed)
        if better is None:
            failed.append(new[0])
        else:
            grown = better
    return grown.fit(fitted)


@dataclass(frozen=True, eq=False)
class Grown:
    """Components (n, 12), and what is free of them, as they become more.

    continua : whether those that are added may have a continuum of their own
    """

    values: np.ndarray
    free: np.ndarray
    continua: bool = False

    def fit(self, before: Fit) -> Fit:
        """All of them together, if there are more than before."""
        if len(self.values) == len(before.values):
            return before
        return _roughly(before.problem, self.values, self.free)

    def left_to(self, problem: Problem, chosen: np.ndarray) -> Problem:
        """The problem of some of them, the others subtracted."""
        others = np.setdiff1d(np.arange(len(self.values)), chosen)
        return without(problem, self.values[others])

    def locally(self, left: Problem, chosen: np.ndarray, most_steps: int) -> Fit:
        """Some of them fitted in their own problem; gradients stay what they are."""
        free = self.free[chosen]
        free[:, GRADIENT] = False
        return fit_free(left, self.values[chosen], free, most_steps=most_steps, small_gain=ROUGHLY)

    def near(self, row: np.ndarray, beam_sigma_px: float) -> np.ndarray:
        """The components whose images and lines overlap another's."""
        own = np.hypot(beam_sigma_px, _sigma(row[None]))
        reach = OVERLAP * (own + np.hypot(beam_sigma_px, _sigma(self.values)))
        apart = np.hypot(*(self.values[:, [X, Y]] - row[[X, Y]]).T)
        in_band = OVERLAP * (row[SIGMA] + self.values[:, SIGMA]) + 1.0
        shifted = np.abs(self.values[:, CHANNEL] - row[CHANNEL])
        return np.flatnonzero((apart < reach) & (shifted < in_band))

    def replaced(self, chosen: np.ndarray, values: np.ndarray) -> Grown:
        """With other values of some components."""
        new = self.values.copy()
        new[chosen] = values
        return replace(self, values=new)

    def with_start(self, start: np.ndarray, problem: Problem) -> Grown:
        """With one more component (12,), a line."""
        values = np.concatenate([self.values, start[None]])
        free = np.concatenate([self.free, free_lines(1, problem.weights > 0)])
        if self.continua:
            free[-1, CONTINUUM] = own_continuum(values, free[:, CONTINUUM], problem.beam_px)[-1]
        return replace(self, values=values, free=free)


def _with(problem: Problem, grown: Grown, start: np.ndarray, needed: Needed) -> Grown | None:
    """With one more component, if that gains enough, its neighbours fitted with it."""
    start = start.copy()
    start[CONTINUUM] = 0.0
    last = np.array([len(grown.values)])
    more = grown.with_start(start, problem)
    alone = more.locally(more.left_to(problem, last), last, PAIR_STEPS)
    if not alone.values[0, FLUX] > 0:
        return None
    more = more.replaced(last, alone.values)
    near = grown.near(alone.values[0], problem.beam_sigma_px)
    left = grown.left_to(problem, near)
    before = grown.locally(left, near, 0).chi2
    chosen = np.append(near, last)
    joint = more.locally(left, chosen, JOINT_STEPS)
    enough = before - joint.chi2 > needed.added
    shining = joint.values[-1, FLUX] > 0
    return more.replaced(chosen, joint.values) if enough and shining else None


def _split(fitted: Fit, needed: Needed, most: int) -> Fit:
    """With components replaced by two, each where that gains enough, the brightest first."""
    order = np.argsort(-fitted.gain)
    grown = Grown(fitted.values, fitted.free)
    for i in order:
        if len(grown.values) >= most:
            break
        # both halves need a line that gains the threshold by itself
        if fitted.gain[i] > 2 * needed.added:
            grown = _split_one(fitted.problem, grown, int(i), needed) or grown
    return grown.fit(fitted)


def _split_one(problem: Problem, grown: Grown, i: int, needed: Needed) -> Grown | None:
    pair = np.array([i, len(grown.values)])
    free = np.concatenate([grown.free, grown.free[[i]]])
    left = grown.left_to(problem, pair[:1])
    one = grown.locally(left, pair[:1], 0).chi2
    tries = [
        Grown(_halved(grown.values, i, offset), free).locally(left, pair, PAIR_STEPS)
        for offset in _offsets(grown.values[i], problem.beam_sigma_px)
    ]
    best = min(tries, key=lambda each: each.chi2)
    if one - best.chi2 < needed.added / 2 or np.any(best.values[:, FLUX] <= 0):
        return None
    more = Grown(np.concatenate([grown.values, grown.values[[i]]]), free)
    more = more.replaced(pair, best.values)
    near = np.setdiff1d(grown.near(grown.values[i], problem.beam_sigma_px), [i])
    together = np.append(near, i)
    left = grown.left_to(problem, together)
    before = grown.locally(left, together, 0).chi2
    chosen = np.concatenate([near, pair])
    joint = more.locally(left, chosen, JOINT_STEPS)
    enough = before - joint.chi2 > needed.added
    return (
        more.replaced(chosen, joint.values)
        if enough and np.all(joint.values[-2:, FLUX] > 0)
        else None
    )


def _sigma(values: np.ndarray) -> np.ndarray:
    """(n,) largest standard deviation on the sky, px."""
    squared = np.linalg.eigvalsh(covariance_of(values))[:, 1]
    sigma: np.ndarray = np.sqrt(np.maximum(squared, 0.0))
    return sigma


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
    """Without the lines that gain less than the threshold, the least first.

    A line's continuum stays if it gains that much; components without a line are not judged.
    """
    while fitted.free[:, FLUX].any():
        # a line in absorption is not what was looked for
        gain = np.where(fitted.values[:, FLUX] > 0, fitted.gain, 0.0)
        gain[~fitted.free[:, FLUX]] = np.inf
        i = int(np.argmin(gain))
        few = np.count_nonzero(fitted.free[:, FLUX]) <= most
        if gain[i] > CLEARLY_NEEDED * needed.kept and few:
            break
        fewer = _without_line(fitted, i, needed)
        if gain[i] > 0 and fewer.chi2 - fitted.chi2 > needed.kept and few:
            break
        fitted = fewer
    return fitted


def _without_line(fitted: Fit, i: int, needed: Needed) -> Fit:
    values, free = fitted.values.copy(), fitted.free.copy()
    if continuum_snr(fitted)[i] ** 2 > needed.kept:
        values[i, [FLUX, *GRADIENT]] = 0.0
        free[i, [FLUX, CHANNEL, SIGMA, *GRADIENT]] = False
    else:
        values, free = (np.delete(each, i, axis=0) for each in (values, free))
    return _roughly(fitted.problem, values, free)


def continuum_snr(fitted: Fit) -> np.ndarray:
    """(n,) signal-to-noise of each continuum; 0 without any."""
    variance = np.einsum("nini->ni", fitted.covariance)[:, CONTINUUM]
    known = variance > 0
    deviation = np.sqrt(np.where(known, variance, np.inf))
    snr: np.ndarray = np.abs(fitted.values[:, CONTINUUM]) / deviation
    return snr


def _same(one: ResidualPeak, other: ResidualPeak, beam_sigma_px: float) -> bool:
    apart = one.start - other.start
    near = float(np.hypot(apart[X], apart[Y])) < beam_sigma_px
    return near and abs(apart[CHANNEL]) < 2.0
