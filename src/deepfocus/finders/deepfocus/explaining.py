"""How a cluster of components is fitted: kept, refined, and at last measured.

kept      one Gaussian for each peak of the search, without those that neighbours explain
refined   lines that move over the sky, one moving Gaussian in place of several still ones, and more
          of them where that is not enough
measured  to the end, with all that may shine free, so that errors are honest

Whether a place has continuum is what the search said: a line without one is not to pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.finders.deepfocus.band_ends import at_the_ends
from deepfocus.finders.deepfocus.band_wide import as_continua, broad_beside_others, broadest
from deepfocus.finders.deepfocus.faint_continua import without_faint_continua
from deepfocus.finders.deepfocus.shared_continua import with_shared_continua, with_their_own
from deepfocus.finders.deepfocus.slopes import Slopes
from deepfocus.fit.bridges import bridged
from deepfocus.fit.grouping import LEAST_SADDLE_MOVING
from deepfocus.fit.grow import MOST, Needed, fit_starts, grow
from deepfocus.fit.horns import AS_DISC, lost_as_disc
from deepfocus.fit.line_spectra import moving_spectra
from deepfocus.fit.parameters import CONTINUUM, FLUX, GRADIENT, SIGMA, SLOPE
from deepfocus.fit.parts import parts_of
from deepfocus.fit.patch import Problem
from deepfocus.fit.places import own_continuum
from deepfocus.fit.second_lines import with_second_lines
from deepfocus.fit.sides import sides_of
from deepfocus.fit.solve import Fit, fit_free
from deepfocus.fit.spectra import Integrated, Sampled
from deepfocus.fit.together import as_one

Fitting = Callable[[Problem, np.ndarray, np.ndarray], Fit]
"""From a problem, components (n, 12) and what is free of them to a fit of as many or others."""

NARROW, CLEARLY = 1.5, 9.0
"""Standard deviation of a line in channels, and gain of chi^2, that tell an integrated line."""
NOT_ALONE = 0.7
"""Of a component's threshold: a residual with a higher square asks for more than one Gaussian."""
AS_GOOD = 16.0
"""Chi^2 that one moving Gaussian may lose, for each still one that it stands for."""
PAIR_LOST = 0.4
"""Of what two still Gaussians gain over a single one: one that moves may lose that."""
MOST_MOVING = 6
"""Components whose gradients are free together; more of them show how a source moves anyway."""
MOVING_STEPS = 15


@dataclass(frozen=True)
class Kept:
    """The peaks of a search as Gaussians, those whose lines gain enough."""

    needed: Needed
    slopes: Slopes

    def __call__(self, problem: Problem, values: np.ndarray, free: np.ndarray) -> Fit:
        fitted = fit_starts(problem, values, free, self.needed)
        fitted = as_continua(fitted, broadest(fitted), self.needed.beside(-fitted.chi2))
        fitted = with_shared_continua(fitted, self.needed.beside(-fitted.chi2).kept)
        fitted = without_faint_continua(fitted)
        free = self.slopes.free(fitted)
        stricter = self.needed.beside(-fitted.chi2)
        if stricter == self.needed and np.array_equal(free, fitted.free):
            return fitted
        return self.slopes.allowed(fit_starts(fitted.problem, fitted.values, free, stricter))


@dataclass(frozen=True)
class InBothProfiles:
    """How channels see a line: sampled, unless the data say that it is integrated.

    Of a line of some channels nobody can tell: it would be narrower by the channel's width. Widths
    are usually stated as the channels show them.
    """

    fitting: Fitting

    def __call__(self, problem: Problem, values: np.ndarray, free: np.ndarray) -> Fit:
        sampled = self.fitting(replace(problem, profile=Sampled()), values, free)
        lines = sampled.free[:, FLUX]
        if not np.any(sampled.values[lines, SIGMA] < NARROW):
            return sampled
        integrated = self.fitting(replace(problem, profile=Integrated()), values, free)
        return integrated if integrated.chi2 < sampled.chi2 - CLEARLY else sampled


@dataclass(frozen=True)
class Refined:
    """Lines that move, and more Gaussians where those of the search leave something."""

    needed: Needed

    def __call__(self, problem: Problem, values: np.ndarray, free: np.ndarray) -> Fit:
        simple = self._continua_told(fit_free(problem, values, free))
        simple = with_their_own(simple, self.needed.beside(-simple.chi2).added)
        needed = self.needed.beside(-simple.chi2)
        fewer = _as_they_move(simple, needed)
        left = fewer.residual_peak**2 > NOT_ALONE * needed.added
        if len(fewer.values) >= MOST or not (left or _may_be_two(fewer, needed)):
            return _completed(fewer, needed)
        more = grow(problem, fewer.values, fewer.free, needed)
        if len(more.values) == len(fewer.values):
            return _completed(fewer, needed)
        more = stilled(self._continua_told(more), needed)
        return _completed(_as_they_move(more, needed), needed)

    def _continua_told(self, fitted: Fit) -> Fit:
        """With continua in place of broad lines beside others, and one where several share a place.

        Halves of a line that was split each have the continuum of the whole.
        """
        broad = broad_beside_others(fitted)
        told = as_continua(fitted, broad, self.needed.beside(-fitted.chi2))
        return with_shared_continua(told, self.needed.beside(-told.chi2).kept)


@dataclass(frozen=True)
class Continua:
    """Components without lines, their continuum sloped where that matters.

    needed : gain of chi^2 of one that shares its place
    """

    needed: float
    slopes: Slopes

    def __call__(self, problem: Problem, values: np.ndarray, free: np.ndarray) -> Fit:
        flat = fit_free(problem, values, free, most_steps=MOVING_STEPS)
        flat = with_shared_continua(flat, self.needed)
        free = self.slopes.free(flat)
        return self.slopes.allowed(fit_free(problem, flat.values, free, most_steps=MOVING_STEPS))


@dataclass(frozen=True)
class Measured:
    """To the end, with sizes that noise may make negative; each place has a continuum.

    But in an image, where a line is all that shines.
    """

    slopes: Slopes

    def __call__(self, problem: Problem, values: np.ndarray, free: np.ndarray) -> Fit:
        free = free.copy()
        if not is_image(problem.channels):
            free[:, CONTINUUM] |= own_continuum(values, free[:, CONTINUUM], problem.beam_px)
        free = self.slopes.measured(free)
        fitted = at_the_ends(fit_free(problem, values, free, signed_sizes=True))
        spectra = moving_spectra(fitted.problem, fitted.values, fitted.free)
        # in an image of few channels nothing is seen to move
        sides = () if is_image(problem.channels) else sides_of(fitted)
        return replace(fitted, spectra=spectra, sides=sides)


def _completed(fitted: Fit, needed: Needed) -> Fit:
    """With what needs less chi^2, for its place is known: second lines, and light between lines."""
    return bridged(with_second_lines(fitted, needed.again), needed)


def _as_they_move(fitted: Fit, needed: Needed) -> Fit:
    """With gradients where sources move, and without components that then are not needed.

    In an image of few channels nothing is seen to move.
    """
    if is_image(fitted.problem.channels):
        return fitted
    return moved(sides_of_one(joined(fitted)), needed)


def joined(fitted: Fit) -> Fit:
    """With one moving Gaussian in place of several that touch, where more do not gain enough."""
    for members in _touching(fitted):
        one = _one_of(fitted, members, moves=True)
        if one.chi2 - fitted.chi2 < AS_GOOD * (len(members) - 1):
            # numbers of the others have changed
            return joined(one)
    return fitted


def sides_of_one(fitted: Fit) -> Fit:
    """With gradients for pairs that touch and show how one source moves.

    Of what two sources side by side gain over a single Gaussian, one which moves gains little; of
    what the two sides of a disc gain, most, or a disc in their place loses nothing. What takes more
    than two is one source anyway.
    """
    free = fitted.free.copy()
    for members in _touching(fitted):
        if len(members) > 2:
            continue
        if _is_one_that_moves(fitted, members) or lost_as_disc(fitted, members) < AS_DISC:
            free[members[:, None], GRADIENT] = True
    if np.array_equal(free, fitted.free):
        return fitted
    return fit_free(fitted.problem, fitted.values, free, most_steps=MOVING_STEPS)


def _is_one_that_moves(fitted: Fit, members: np.ndarray) -> bool:
    """Whether one moving Gaussian gains most of what two gain over one that does not move."""
    one, still = (_one_of(fitted, members, moves=each) for each in (True, False))
    return one.chi2 - fitted.chi2 < PAIR_LOST * (still.chi2 - fitted.chi2)


def _touching(fitted: Fit) -> Iterator[np.ndarray]:
    """Indices of components that their model joins, of which not all move."""
    for members in parts_of(fitted, LEAST_SADDLE_MOVING):
        some = 2 <= len(members) <= MOST_MOVING
        if some and not fitted.free[members][:, GRADIENT].all():
            yield members


def _one_of(fitted: Fit, members: np.ndarray, *, moves: bool) -> Fit:
    """With one Gaussian in place of some."""
    left = np.setdiff1d(np.arange(len(fitted.values)), members)
    brightest = members[np.argmax(fitted.values[members, FLUX])]
    free = np.concatenate([fitted.free[left], fitted.free[[brightest]]])
    free[-1, CONTINUUM] = fitted.free[members, CONTINUUM].any()
    free[-1, SLOPE] = fitted.free[members, SLOPE].any()
    free[-1, GRADIENT] = moves
    one = as_one(fitted.values[members])
    if not moves:
        one[GRADIENT] = 0.0
    values = np.concatenate([fitted.values[left], one[None]])
    return fit_free(fitted.problem, values, free, most_steps=MOVING_STEPS)


def moved(fitted: Fit, needed: Needed) -> Fit:
    """With velocity gradients where they gain enough."""
    if len(fitted.values) > MOST_MOVING:
        return fitted
    free = fitted.free.copy()
    free[np.flatnonzero(free[:, FLUX])[:, None], GRADIENT] = True
    if np.array_equal(free, fitted.free):
        return fitted
    moving = fit_free(fitted.problem, fitted.values, free, most_steps=MOVING_STEPS)
    moves = fitted.free[:, GRADIENT].any(axis=1) | (_gradient_gain(moving) > needed.moves)
    if not moves.any():
        return fitted
    free[:, GRADIENT] = moves[:, None]
    values = moving.values.copy()
    values[np.flatnonzero(~moves)[:, None], GRADIENT] = 0.0
    better = fit_free(fitted.problem, values, free, most_steps=MOVING_STEPS)
    new = np.count_nonzero(moves & ~fitted.free[:, GRADIENT].any(axis=1))
    # what a gradient gains to second order may be lost in a size that it takes along
    return better if fitted.chi2 - better.chi2 > needed.moves * new else fitted


def stilled(fitted: Fit, needed: Needed) -> Fit:
    """Without gradients, if they gain too little: two sources that were one seemed to move."""
    moves = fitted.free[:, GRADIENT].any(axis=1)
    if not moves.any():
        return fitted
    values, free = fitted.values.copy(), fitted.free.copy()
    values[:, GRADIENT], free[:, GRADIENT] = 0.0, False
    still = fit_free(fitted.problem, values, free, most_steps=MOVING_STEPS)
    lost = still.chi2 - fitted.chi2
    return still if lost < needed.moves * np.count_nonzero(moves) else fitted


def _may_be_two(fitted: Fit, needed: Needed) -> bool:
    """Whether a Gaussian that stays in place is bright enough for two.

    Two in the same channels leave no peak beside a single one.
    """
    still = ~fitted.free[:, GRADIENT].any(axis=1)
    return bool(np.any(fitted.gain[still] > 2 * needed.added))


def _gradient_gain(fitted: Fit) -> np.ndarray:
    """(n,) chi^2 that each gradient gains, to second order."""
    gains = np.zeros(len(fitted.values))
    for i, row in enumerate(fitted.values):
        covariance = fitted.covariance[i][np.ix_(GRADIENT, [i], GRADIENT)][:, 0]
        if fitted.free[i, GRADIENT].any() and np.isfinite(covariance).all():
            gains[i] = row[GRADIENT] @ np.linalg.pinv(covariance) @ row[GRADIENT]
    return gains
