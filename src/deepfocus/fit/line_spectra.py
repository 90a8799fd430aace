"""The spectrum of a line that moves over the sky: its flux in each channel, where it is there.

A Gaussian fit says how wide a Gaussian line is, and those of galaxies are none. So each channel is
asked by itself, with the image that the fit has in it. What shines farther along the movement than
the fit has it, or behind, is missed by that image to second order, so that how the image changes
with its extent along the movement is fitted beside it: it takes what is moved, and has no flux.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.fit.equations import images_of, without
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, FLUX, GRADIENT, SIGMA
from deepfocus.fit.patch import Problem

STRAIGHT_SIGMA = 2.0
"""Of the line, from its centre: farther out, the image stays where it is there. Rotation curves
are level at their ends."""
FLAT = 1e-6
"""Of the product of both images' powers, what is left where they are the same."""
AT_ONCE = 1 << 22
"""Values of images that are held together."""


@dataclass(frozen=True, eq=False)
class LineSpectrum:
    """Flux of a line in each channel.

    flux, error : (chan,) Jy, and what noise makes of it; infinite in blank channels
    baseline : whether a level of the continuum was fitted as well, which the line may have taken
    """

    flux: np.ndarray
    error: np.ndarray
    baseline: bool


def moving_spectra(
    problem: Problem, values: np.ndarray, free: np.ndarray
) -> tuple[LineSpectrum | None, ...]:
    """Of each component (n, 12) whose line moves, what all others leave; None of the others."""
    moves = np.any(values[:, GRADIENT] != 0, axis=1)
    if not moves.any():
        return (None,) * len(values)
    left = without(problem, values)
    return tuple(
        _spectrum(left, row, baseline=bool(own[CONTINUUM])) if moving else None
        for row, own, moving in zip(values, free, moves, strict=True)
    )


def _spectrum(left: Problem, row: np.ndarray, *, baseline: bool) -> LineSpectrum:
    """What is left, and the component's own line once more."""
    channels = np.arange(left.channels)
    reach = STRAIGHT_SIGMA * row[SIGMA]
    offsets = np.clip(channels - row[CHANNEL], -reach, reach)
    line = left.profile.of(channels, centre=row[[CHANNEL]], sigma=row[[SIGMA]])[0][0]
    flux, error = row[FLUX] * line, np.full(left.channels, np.inf)
    known = left.weights > 0
    model, noise = np.repeat(left.model, 2), np.repeat(left.noise, 2)
    for block in _blocks(left):
        weights = _weights(left, row, offsets[block], model)
        flux[block] += np.sum(weights * left.score[block], axis=1)
        error[block] = np.sqrt(weights**2 @ noise)
    error[known] /= np.sqrt(left.weights[known])
    error[~known] = np.inf
    return LineSpectrum(flux, error, baseline)


def _weights(left: Problem, row: np.ndarray, offsets: np.ndarray, model: np.ndarray) -> np.ndarray:
    """(m, 2 cell) what the score of a channel is summed with to the flux of the image there."""
    itself, *_, xx, yy, xy = np.moveaxis(images_of(left, row[None], offsets[None])[0], 1, 0)
    gx, gy = row[GRADIENT] / np.hypot(*row[GRADIENT])
    longer = gx**2 * xx + gy**2 * yy + gx * gy * xy
    power, shared, power_longer = (
        np.sum(one * other * model, axis=1)[:, None]
        for one, other in ((itself, itself), (itself, longer), (longer, longer))
    )
    apart = power * power_longer - shared**2
    if np.any(apart < FLAT * power * power_longer):
        return np.asarray(itself / power)
    return np.asarray((power_longer * itself - shared * longer) / apart)


def _blocks(left: Problem) -> Iterator[slice]:
    step = max(1, AT_ONCE // (6 * 2 * len(left.u)))
    return (slice(first, first + step) for first in range(0, left.channels, step))
