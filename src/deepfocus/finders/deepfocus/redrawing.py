"""A model that changed, drawn anew in what is left of a cube, as far as the change can be seen.

The sidelobes of a dirty beam reach everywhere. But most fits change a source by less than its
error, and what that changes far away is nothing beside the noise: its surroundings are drawn alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from deepfocus.core.voxels import Box, Changeable
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.fit.image import Part, add_model, spectrum_of
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CXY, CYY, GRADIENT, X, Y
from deepfocus.search.noise_map import NoiseMap

NEAR_BEAMS = 8.0
"""Around components, FWHM of the beam: drawn whatever changed."""
UNSEEN = 0.05
"""Of a channel's noise: a change whose highest sidelobe is lower is not drawn farther away."""
UNSEEN_TOGETHER = 0.3
"""Signal-to-noise of all that is not, in a filter that sums the channels: a continuum is faint in
each of many, and its sidelobes are not in all of them."""
SHARPEST = 4.0
"""Radians for each FWHM of the beam, by which the longest baseline's phase turns."""


def redraw(
    residual: Changeable,
    before: Sequence[Part],
    after: Sequence[Part],
    sight: Sight,
    noise: NoiseMap,
) -> None:
    """Add the image of what was, and subtract that of what is, in place.

    Channels without data are left as they are.
    """
    change = [*before, *(replace(each, sign=-each.sign) for each in after)]
    if not len(_values(change)):
        return
    channels, ny, nx = residual.shape
    rows, columns = _around(change, sight)
    whole = (rows, columns) == (slice(0, ny), slice(0, nx))
    far = np.ones(channels, bool) if whole else _seen_far(before, after, sight, noise)
    far &= noise.searched
    near = noise.searched & ~far
    if far.any():
        add_model(residual, change, sight.response, channels=far)
    if near.any():
        inside = sight.response.within(slice(0, channels), rows, columns)
        moved = [_moved(each, x=-columns.start, y=-rows.start) for each in change]
        add_model(Box(residual, rows, columns), moved, inside, channels=near)


def _around(parts: Sequence[Part], sight: Sight) -> tuple[slice, slice]:
    """Rows and columns that are drawn in any case."""
    values = _values(parts)
    _, ny, nx = sight.data.shape
    size = np.sqrt(np.maximum(values[:, [CXX, CYY]].max(axis=1), 0.0))
    reach = NEAR_BEAMS * np.hypot(sight.beam_px, size)
    rows, columns = (
        slice(
            int(np.clip(np.floor((values[:, axis] - reach).min()), 0, n - 1)),
            int(np.clip(np.ceil((values[:, axis] + reach).max()) + 1, 1, n)),
        )
        for axis, n in ((Y, ny), (X, nx))
    )
    return rows, columns


def _seen_far(
    before: Sequence[Part], after: Sequence[Part], sight: Sight, noise: NoiseMap
) -> np.ndarray:
    """(chan,) whether a sidelobe of what changed may be more than a small part of the noise.

    The same for a change and its reverse.
    """
    y, x = _values([*before, *after])[:, [Y, X]].mean(axis=0)
    changed = _most_changed(before, after, len(sight.data), SHARPEST / sight.beam_px)
    highest = sight.sidelobes.highest * sight.response.seen_mid_band(x=x, y=y) * changed
    snr = np.nan_to_num(highest / noise.at(x=x, y=y))
    far: np.ndarray = snr > UNSEEN
    if np.hypot.reduce(snr[~far]) > UNSEEN_TOGETHER:
        far = changed > 0
    return far


def _most_changed(
    before: Sequence[Part], after: Sequence[Part], channels: int, turned: float
) -> np.ndarray:
    """(chan,) Jy that no visibility changes by more than.

    turned : radians for each pixel, by which the longest baseline's phase turns
    """
    old, new = _values(before), _values(after)
    was, now = (_spectra(parts, channels) for parts in (before, after))
    if len(old) != len(new):
        total: np.ndarray = np.abs(was).sum(axis=0) + np.abs(now).sum(axis=0)
        return total
    shift = _places(new, channels) - _places(old, channels)
    phase = turned * np.hypot(*np.moveaxis(shift, -1, 0))
    wider = 0.5 * turned**2 * np.abs(new - old)[:, [CXX, CYY, CXY]].sum(axis=1)
    # of flux, of phase and of decorrelation
    brighter = np.maximum(np.abs(was), np.abs(now))
    each = np.abs(now - was) + brighter * (phase + wider[:, None])
    summed: np.ndarray = each.sum(axis=0)
    return summed


def _values(parts: Sequence[Part]) -> np.ndarray:
    """(n, 12) components of all parts."""
    return np.concatenate([np.empty((0, COUNT)), *(each.values for each in parts)])


def _spectra(parts: Sequence[Part], channels: int) -> np.ndarray:
    """(n, chan) Jy of all components."""
    rows = [(row, each.profile) for each in parts for row in each.values]
    spectra = [spectrum_of(row, profile, channels) for row, profile in rows]
    return np.array(spectra).reshape(len(rows), channels)


def _places(values: np.ndarray, channels: int) -> np.ndarray:
    """(n, chan, 2) x and y of lines, that may move from channel to channel."""
    away = np.arange(channels) - values[:, [CHANNEL]]
    places: np.ndarray = values[:, None, [X, Y]] + away[..., None] * values[:, None, GRADIENT]
    return places


def _moved(part: Part, *, x: float, y: float) -> Part:
    values = np.array(part.values, float)
    values[:, [X, Y]] += x, y
    return replace(part, values=values)
