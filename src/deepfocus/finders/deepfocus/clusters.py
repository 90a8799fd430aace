"""Components that are fitted together, and the state of an explanation of a cube by components.

What explains a cube anew takes over the residual of the explanation that it is given, so that a
cube is held twice and no more: the explanation before is not to be used again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, chain

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.voxels import Changeable, Voxels, channel_blocks
from deepfocus.finders.deepfocus.explaining import Fitting
from deepfocus.finders.deepfocus.hidden import hidden_share
from deepfocus.finders.deepfocus.redrawing import redraw
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.fit.equations import model_score
from deepfocus.fit.filters import Filtering
from deepfocus.fit.image import Part
from deepfocus.fit.in_band import shown
from deepfocus.fit.line_spectra import LineSpectrum
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, SIGMA, X, Y
from deepfocus.fit.patch import Problem, patch_problem
from deepfocus.fit.solve import Fit
from deepfocus.fit.spectra import Profile
from deepfocus.search.noise_map import NoiseMap

NEIGHBOURS_BEAMS = 2.5
"""Components are fitted together up to this distance, in FWHM of what the beam makes of them."""
MARGIN_BEAMS = 0.5
"""Of a patch around its components, beside one standard deviation of their sizes."""
MOST = 16
"""Components in one fit: its time grows with their square."""
ROUNDS, COMPONENTS_AGAIN = 6, 16
"""Fits of what is hidden at most, and components in all of them: large clusters take long."""
HIDDEN = 0.02
"""Of a source's light, from which on what is in no data is looked for round by round."""
AS_BRIGHT = 0.003
"""Change of a cluster's flux, up to which that is enough."""
VALUES_AT_ONCE = 1 << 24
"""Voxels around a cluster that are read at a time."""
AS_MUCH = 1.01
"""Times the power that was left: a fit may leave so much, for it may drop what noise explains."""


@dataclass(frozen=True, eq=False)
class Explained:
    """A cube as components and what they leave.

    fits : one for each cluster of components, without their data; residual : (chan, y, x)
    settled : clusters that need not be refined again
    """

    fits: tuple[Fit, ...]
    residual: Changeable
    settled: frozenset[Fit] = frozenset()

    @property
    def components(self) -> np.ndarray:
        """(n, 12) of all clusters, in their order."""
        return np.concatenate([np.empty((0, COUNT)), *(each.values for each in self.fits)])

    @property
    def components_shown(self) -> np.ndarray:
        """(n, 12) with centres and widths as the channels show them."""
        each = (shown(fit.values, fit.problem.profile) for fit in self.fits)
        return np.concatenate([np.empty((0, COUNT)), *each])

    @property
    def free(self) -> np.ndarray:
        """(n, 12) bool, what was fitted of them."""
        return np.concatenate([np.empty((0, COUNT), bool), *(each.free for each in self.fits)])

    @property
    def gain(self) -> np.ndarray:
        """(n,) chi^2 that their lines gain."""
        return np.concatenate([np.empty(0), *(each.gain for each in self.fits)])

    @property
    def spectra(self) -> tuple[LineSpectrum | None, ...]:
        """(n,) of lines that move, once they are measured to the end."""
        each = (fit.spectra or (None,) * len(fit.values) for fit in self.fits)
        return tuple(chain.from_iterable(each))

    @property
    def sides(self) -> np.ndarray:
        """(pair, 2) indices of components that are sides of one galaxy."""
        first = [0, *accumulate(len(fit.values) for fit in self.fits)]
        pairs = [
            (at + one, at + other)
            for at, fit in zip(first, self.fits, strict=False)
            for one, other in fit.sides
        ]
        return np.reshape(pairs, (-1, 2)).astype(int)


def with_starts(
    explained: Explained,
    starts: np.ndarray,
    free: np.ndarray,
    sight: Sight,
    noise: NoiseMap,
    fitting: Fitting,
    *,
    replaced: np.ndarray,
) -> Explained:
    """The cube explained anew, with more components; clusters without a new one stay.

    replaced : indices of components that starts take the place of
    """
    residual = explained.residual
    refitting = _Refitting(residual, sight, noise, fitting, Seen(residual, sight.nearby))
    known = explained.components
    fit_of = np.repeat(np.arange(len(explained.fits)), [len(f.values) for f in explained.fits])
    together, all_free = np.concatenate([known, starts]), np.concatenate([explained.free, free])
    fits: list[Fit] = []
    alone = np.full(len(starts), -1)
    for members in clusters_of(together, sight.beam_px, np.concatenate([fit_of, alone])):
        old = members[members < len(known)]
        before = [explained.fits[i] for i in np.unique(fit_of[old])]
        whole = sum(len(each.values) for each in before) == len(old)
        if whole and len(old) == len(members) and len(before) == 1:
            fits += before
        else:
            new = np.setdiff1d(members, replaced, assume_unique=True)
            drawn = tuple(
                (known[old[fit_of[old] == i]], explained.fits[i].problem.profile)
                for i in np.unique(fit_of[old])
            )
            given = _Given(drawn, tuple(before), whole)
            fits += refitting.again(given, together[new], all_free[new])
    return Explained(tuple(fits), residual, explained.settled)


@dataclass(frozen=True, eq=False)
class Seen:
    """What fits see of a cube, data (chan, y, x) that components left, and how they filter it."""

    data: Voxels
    filtering: Filtering


def refitted(
    explained: Explained,
    sight: Sight,
    noise: NoiseMap,
    fitting: Fitting,
    *,
    seen: Seen | None = None,
) -> Explained:
    """Every cluster once more, the others' final models subtracted: sidelobes reach far.

    seen : what fits see; unless given, the residual as it becomes with every fit
    """
    residual = explained.residual
    seen = seen or Seen(residual, sight.nearby)
    refitting = _Refitting(residual, sight, noise, fitting, seen)
    fits: list[Fit] = []
    settled: set[Fit] = set()
    for before in explained.fits:
        again = refitting.again(_Given.of(before), before.values, before.free)
        fits += again
        if before in explained.settled and len(again) and alike(again[0], before):
            settled |= set(again)
    return Explained(tuple(fits), residual, frozenset(settled))


def refined(explained: Explained, sight: Sight, noise: NoiseMap, fitting: Fitting) -> Explained:
    """The clusters that are not settled, fitted in another way; then they are."""
    residual = explained.residual
    refitting = _Refitting(residual, sight, noise, fitting, Seen(residual, sight.nearby))
    fits: list[Fit] = []
    for before in explained.fits:
        if before in explained.settled:
            fits.append(before)
        else:
            fits += refitting.again(_Given.of(before), before.values, before.free)
    return Explained(tuple(fits), residual, frozenset(fits))


def alike(one: Fit, other: Fit) -> bool:
    """Whether two fits have as many components, with the same of them free."""
    return np.array_equal(one.free, other.free)


@dataclass(frozen=True, eq=False)
class _Given:
    """Components that are to be fitted again.

    drawn : (n, 12) with the profile that their lines have; fits : that they are from
    whole : whether they are all that these have
    """

    drawn: tuple[tuple[np.ndarray, Profile], ...]
    fits: tuple[Fit, ...]
    whole: bool

    @classmethod
    def of(cls, fitted: Fit) -> _Given:
        """All of one fit."""
        return cls(((fitted.values, fitted.problem.profile),), (fitted,), whole=True)

    def with_model(self, problem: Problem) -> Problem:
        """The problem of a residual, with what the components add to it."""
        score = problem.score
        for values, profile in self.drawn:
            score = score + model_score(replace(problem, profile=profile), values)
        profile = self.fits[0].problem.profile if self.fits else problem.profile
        return replace(problem, score=score, profile=profile)

    @property
    def parts(self) -> list[Part]:
        """Of a model."""
        return [Part(values, profile) for values, profile in self.drawn]


@dataclass(frozen=True, eq=False)
class _Refitting:
    """Clusters fitted in another way, in a residual that changes with each."""

    residual: Changeable
    sight: Sight
    noise: NoiseMap
    fitting: Fitting
    seen: Seen

    def again(self, given: _Given, values: np.ndarray, free: np.ndarray) -> list[Fit]:
        """A cluster fitted in place of what was, and again where some of it is in no data.

        There, what the model had before counts as seen, so that each round finds a part of what
        the one before had missed (expectation and maximisation by turns, Dempster et al. 1977).
        """
        fits = self.once(given, values, free)
        for _ in range(min(ROUNDS, COMPONENTS_AGAIN // max(len(values), 1))):
            if (
                len(fits) != 1
                or hidden_share(fits[0], self.sight.data, self.sight.beam_px) < HIDDEN
            ):
                break
            (before,) = fits
            fits = self.once(_Given.of(before), before.values, before.free)
            if len(fits) != 1 or _as_bright(fits[0], before):
                break
        return fits

    def once(self, given: _Given, values: np.ndarray, free: np.ndarray) -> list[Fit]:
        """A cluster fitted in place of what was; that stays where the new would leave more than it.

        The beam's power is known but for what lies beyond the image of the beam. Where it is
        negative, a fit may run away; beside a very bright source, it may not come to an end.
        """
        residual, sight, noise = self.residual, self.sight, self.noise
        box = _box(values, sight)
        around = _region(box, int(2 * sight.beam_px))
        left_before = _power(residual, around) if given.whole else np.inf
        problem = given.with_model(_problem(self.seen, values, box, noise))
        fitted = self.fitting(problem, values, free)
        again = _Given.of(fitted)
        redraw(residual, given.parts, again.parts, sight, noise)
        if not given.whole or _power(residual, around) <= AS_MUCH * left_before:
            return [fitted.without_data()] if len(fitted.values) else []
        redraw(residual, again.parts, given.parts, sight, noise)
        return list(given.fits)


def _as_bright(one: Fit, other: Fit) -> bool:
    """Whether their lines have the same flux, which a round hardly changed."""
    fluxes = [np.abs(fit.values[:, FLUX] * fit.values[:, SIGMA]).sum() for fit in (one, other)]
    return bool(abs(fluxes[0] - fluxes[1]) <= AS_BRIGHT * fluxes[1])


def _power(data: Voxels, around: tuple[slice, slice]) -> float:
    """Sum of squares of rows and columns of a cube."""
    rows, columns = around
    ny, nx = len(range(*rows.indices(data.shape[1]))), len(range(*columns.indices(data.shape[2])))
    power = 0.0
    for block in channel_blocks((len(data), ny, nx), VALUES_AT_ONCE):
        values = np.nan_to_num(data[block, rows, columns])
        power += float(np.vdot(values, values))
    return power


def clusters_of(components: np.ndarray, beam_px: float, fit_of: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of components (n, 12) that are to be fitted together, the brightest first.

    They lie near each other on the sky; where too many do, they are fitted in parts.
    fit_of : (n,) the fit that each is in, and stays in with all others of it; -1 for none
    """
    n = len(components)
    if not n:
        return
    reach = NEIGHBOURS_BEAMS / 2 * np.hypot(beam_px, _fwhm(components))
    places = components[:, [X, Y]]
    pairs = cKDTree(places).query_pairs(2 * float(reach.max()), output_type="ndarray")
    apart = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    near = pairs[apart < reach[pairs[:, 0]] + reach[pairs[:, 1]]]
    order = np.argsort(fit_of, kind="stable")
    same = (np.diff(fit_of[order]) == 0) & (fit_of[order][1:] >= 0)
    fitted = np.stack([order[:-1][same], order[1:][same]], axis=1)
    ends = np.concatenate([near, fitted]).T
    links = coo_array((np.ones(ends.shape[1]), ends), shape=(n, n))
    _, number = connected_components(links, directed=False)
    brightness = np.nan_to_num(components[:, FLUX], nan=np.inf)
    connected = (np.flatnonzero(number == i) for i in range(number.max() + 1))
    groups = [part for each in connected for part in _parts(each, places, fit_of)]
    yield from sorted(groups, key=lambda members: -float(brightness[members].max()))


def _parts(members: np.ndarray, places: np.ndarray, fit_of: np.ndarray) -> Iterator[np.ndarray]:
    """Components near each other, in parts that are not too many to fit together.

    A part is a fit with the new components that lie nearest to it, or half of that.
    """
    if len(members) <= MOST:
        yield members
        return
    known = members[fit_of[members] >= 0]
    part_of = fit_of[members]
    if len(known):
        _, nearest = cKDTree(places[known]).query(places[members])
        part_of = np.where(part_of < 0, fit_of[known[nearest]], part_of)
    for part in np.unique(part_of):
        yield from _halved(members[part_of == part], places)


def _halved(members: np.ndarray, places: np.ndarray) -> Iterator[np.ndarray]:
    """Components halved along their longer side, until none of the parts is too large."""
    if len(members) <= MOST:
        yield members
        return
    axis = int(np.argmax(np.ptp(places[members], axis=0)))
    order = members[np.argsort(places[members, axis], kind="stable")]
    for half in np.array_split(order, 2):
        yield from _halved(np.sort(half), places)


def _box(components: np.ndarray, sight: Sight) -> tuple[int, int, int, int]:
    """y0, y1, x0, x1 of the patch around components."""
    reach = MARGIN_BEAMS * sight.beam_px + _fwhm(components) / FWHM_PER_SIGMA
    low = np.floor((components[:, [Y, X]] - reach[:, None]).min(axis=0)).astype(int)
    high = np.ceil((components[:, [Y, X]] + reach[:, None]).max(axis=0)).astype(int) + 1
    return int(low[0]), int(high[0]), int(low[1]), int(high[1])


def _region(box: tuple[int, int, int, int], margin: int) -> tuple[slice, slice]:
    """Rows and columns of a box and a margin around it."""
    y0, y1, x0, x1 = box
    return (
        slice(max(y0 - margin, 0), max(y1 + margin, 0)),
        slice(max(x0 - margin, 0), max(x1 + margin, 0)),
    )


def _problem(
    seen: Seen, starts: np.ndarray, box: tuple[int, int, int, int], noise: NoiseMap
) -> Problem:
    """In channels taken for independent ones, of a noise as high as it is in the starts' lines."""
    y, x = starts[:, [Y, X]].mean(axis=0)
    channel = float(np.clip(starts[0, CHANNEL], 0, len(seen.data) - 1))
    lines = starts[starts[:, FLUX] != 0, SIGMA]
    excess = noise.excess(float(np.median(lines)) if len(lines) else np.inf)
    sigma = noise.at(x=x, y=y) * float(np.sqrt(excess))
    return patch_problem(seen.data, sigma, seen.filtering, box=box, channel=round(channel))


def _fwhm(components: np.ndarray) -> np.ndarray:
    squared = np.maximum(components[:, [CXX, CYY]].max(axis=1), 0.0)
    fwhm: np.ndarray = FWHM_PER_SIGMA * np.sqrt(squared)
    return fwhm
