"""Which components are one source: by saddles, movement, velocity field, and what is in a row."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.links import linked
from deepfocus.finders.deepfocus.rows import joined_in_rows
from deepfocus.fit.grouping import LEAST_SADDLE, LEAST_SADDLE_MOVING, grouped
from deepfocus.fit.parameters import CHANNEL, FLUX, GRADIENT, GX, GY
from deepfocus.fit.places import numbered_places, place_errors
from deepfocus.fit.together import explained_by_moving, follow_their_channels
from deepfocus.fit.velocity_field import off_the_field

MANY = 3
"""Still components that touch, from which on they show how one source moves."""
LINES_OF_ONE = 0.15
"""FWHM of the beam: lines of one source are as near, at a signal-to-noise of 6 and more."""
APART = 0.7
"""Of the lower peak: lines of one place with a lower saddle between them are not one."""
COHERENT = 0.65
"""Of the extent of a group, that its movement explains: 0.79 or more in single galaxies of which
low saddles join the parts, 0.55 or less in neighbours."""


def members_of(explained: Explained, beam_px: float) -> Iterator[np.ndarray]:
    """Indices of the components of each source: those without deep saddles in their own model.

    What lies off the velocity field of the others that it touches is another galaxy, unless it is
    one of two sides. Without it, those are grouped anew: it may have tied two, or parted one. What
    lies in a row is one as well, and so are two sides.
    """
    components, free = explained.components_shown, explained.free
    if not len(components):
        return
    chan, ny, nx = explained.residual.shape
    left = np.arange(len(components))
    while True:
        groups = [
            left[group[part]]
            for group in _groups(explained, left, beam_px)
            for part in _at_two_places(
                components[left[group]],
                free[left[group]],
                place_errors(components[left[group]], explained.gain[left[group]], beam_px),
                beam_px,
                (chan, ny, nx),
            )
        ]
        apart = [
            group[
                _off_the_field(components[group], beam_px, channels=chan)
                & ~np.isin(group, explained.sides)
            ]
            for group in groups
        ]
        if not any(map(len, apart)):
            break
        yield from (galaxy for galaxy in apart if len(galaxy))
        left = np.setdiff1d(left, np.concatenate(apart))
    if is_image(chan):
        yield from groups
        return
    in_rows = joined_in_rows(groups, components, explained.gain, beam_px)
    yield from linked(in_rows, _in_groups(explained.sides, in_rows, len(components)))


def _in_groups(sides: np.ndarray, groups: list[np.ndarray], n: int) -> np.ndarray:
    """(pair, 2) the groups of pairs (pair, 2) of n components, if both are in any."""
    group_of = np.full(n, -1)
    for number, group in enumerate(groups):
        group_of[group] = number
    pairs = group_of[sides]
    known: np.ndarray = pairs[np.all(pairs >= 0, axis=1)]
    return known


def _groups(explained: Explained, some: np.ndarray, beam_px: float) -> Iterator[np.ndarray]:
    """Indices of those of some components that shine together."""
    components, free = explained.components_shown[some], explained.free[some]
    chan, ny, nx = explained.residual.shape
    still, moving = (
        grouped(
            components,
            beam_sigma_px=beam_px / FWHM_PER_SIGMA,
            shape=(chan, ny, nx),
            least_saddle=least,
        ).source
        for least in (LEAST_SADDLE, LEAST_SADDLE_MOVING)
    )
    # a line that the last fit turned into absorption is none
    shining = components[:, FLUX] > 0
    source = _joined_if_moving(components, free, still, np.where(shining, moving, -1))
    for number in np.unique(source[shining]):
        yield np.flatnonzero(shining & (source == number))


def _off_the_field(components: np.ndarray, beam_px: float, *, channels: int) -> np.ndarray:
    """(n,) bool, components that are another galaxy; images of few channels show no velocity."""
    if is_image(channels):
        return np.zeros(len(components), bool)
    return off_the_field(components, beam_sigma_px=beam_px / FWHM_PER_SIGMA)


def _joined_if_moving(
    components: np.ndarray, free: np.ndarray, still: np.ndarray, moving: np.ndarray
) -> np.ndarray:
    """(n,) the source of each: groups over low saddles, where these are one line that moves.

    still, moving : (n,) groups over high and over low saddles; -1 for no line
    """
    source = still.copy()
    for number in np.unique(moving[moving >= 0]):
        members = moving == number
        moves = bool(free[members][:, GRADIENT].any())
        if not moves and np.count_nonzero(members) < MANY:
            continue
        if explained_by_moving(components[members]) > COHERENT:
            source[members] = source[members].min()
    return source


def _at_two_places(
    components: np.ndarray,
    free: np.ndarray,
    errors_px: np.ndarray,
    beam_px: float,
    shape: tuple[int, int, int],
) -> list[np.ndarray]:
    """Indices of the sources that components which touch are: often all of them.

    Gaussians that stay in place, at two places, are two sources; so are lines of one place. A
    galaxy at the same signal-to-noise moves, takes more places, or has them in the order of its
    channels. What lies beyond an end of the band shows a wing alone, which is no Gaussian and may
    take two.

    errors_px : (n,) of places
    """
    place = numbered_places(components, LINES_OF_ONE * beam_px)
    at_an_end = _at_one_end(components[:, CHANNEL], shape[0])
    moves = free[:, [GX, GY]].any() or follow_their_channels(components, errors_px)
    if moves or place.max() > 1 or at_an_end:
        return [np.arange(len(components))]
    parts = (np.flatnonzero(place == number) for number in range(place.max() + 1))
    return [part[line] for part in parts for line in _lines(components[part], beam_px, shape)]


def _lines(
    components: np.ndarray, beam_px: float, shape: tuple[int, int, int]
) -> Iterator[np.ndarray]:
    """Indices of each line of a place: two Gaussians that overlap are two, more shape one."""
    line = grouped(
        components, beam_sigma_px=beam_px / FWHM_PER_SIGMA, shape=shape, least_saddle=APART
    ).source
    for number in range(line.max() + 1):
        some = np.flatnonzero(line == number)
        yield from np.split(some, 2) if len(some) == 2 else [some]


def _at_one_end(centres: np.ndarray, channels: int) -> bool:
    """Whether all are at one end of the band, where a last fit puts what is beyond, or farther."""
    return bool(np.all(centres <= 0) or np.all(centres >= channels - 1))
