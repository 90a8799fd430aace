"""One channel cleaned: minor cycles, and after each the residual made anew from all components."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from deepfocus.imaging.clean.lag_beam import LagBeam
from deepfocus.imaging.clean.minor import Minor
from deepfocus.imaging.clean.stopping import Stopping

DIVERGES = 1.5
"""Growth of the residual's peak over its lowest so far, from which on CLEAN diverges."""


class Why(StrEnum):
    """Why a channel's CLEAN ended."""

    NO_DATA = "no data"
    NO_MASK = "nothing in the mask"
    THRESHOLD = "threshold"
    NITER = "niter"
    DIVERGED = "diverged"


@dataclass(frozen=True)
class Account:
    """What was done in a channel.

    threshold, peak : where CLEAN was to stop, and the residual's brightest pixel in the mask, above
        or below zero, Jy/beam; flux : of all components, Jy
    """

    why: Why
    iterations: int
    major_cycles: int
    threshold: float
    peak: float
    flux: float


@dataclass(frozen=True, eq=False)
class CleanedPlane:
    """model : (y, x) float32 Jy/pixel; residual : (y, x) float32 Jy/beam, NaN where the dirty is"""

    model: np.ndarray
    residual: np.ndarray
    account: Account


@dataclass(frozen=True, eq=False)
class _State:
    """Of a channel after a major cycle; peak : of the residual in the mask, its absolute value"""

    model: np.ndarray
    residual: np.ndarray
    peak: float = 0.0
    iterations: int = 0
    cycles: int = 0


def clean_plane(
    dirty: np.ndarray, beam: LagBeam, *, mask: np.ndarray, minor: Minor, stopping: Stopping
) -> CleanedPlane:
    """Clean one channel.

    dirty : (y, x) Jy/beam, NaN where there are no data; mask : (y, x) bool, where components may be

    model and residual fulfil residual = dirty - beam (x) model, in double precision (Clark 1980).
    """
    known = np.isfinite(dirty)
    allowed = known & mask
    if not allowed.any():
        why = Why.NO_MASK if known.any() else Why.NO_DATA
        return _ended(_State(np.zeros(dirty.shape, np.float32), dirty), why, known, 0.0)
    filled = np.where(known, dirty, 0.0).astype(float)

    def state_of(model: np.ndarray, iterations: int = 0, cycles: int = 0) -> _State:
        residual = filled - beam.through(model) if iterations else filled
        peak = float(np.abs(residual[allowed]).max())
        return _State(model, residual, peak, iterations, cycles)

    best = now = state_of(np.zeros(dirty.shape, np.float32))
    while True:
        limit = stopping.threshold(now.residual[known])
        if now.peak > DIVERGES * best.peak:
            return _ended(best, Why.DIVERGED, known, limit)
        if now.peak <= limit:
            return _ended(now, Why.THRESHOLD, known, limit)
        if now.iterations >= stopping.niter:
            return _ended(now, Why.NITER, known, limit)
        best = min(best, now, key=lambda state: state.peak)
        found = minor.components(
            now.residual,
            allowed,
            beam,
            limit=max(limit, stopping.cycle_share * now.peak),
            most=stopping.niter - now.iterations,
        )
        if not found.iterations:  # it is at the threshold, but for rounding
            return _ended(now, Why.THRESHOLD, known, limit)
        model = (now.model + found.image).astype(np.float32)
        now = state_of(model, now.iterations + found.iterations, now.cycles + 1)


def _ended(state: _State, why: Why, known: np.ndarray, threshold: float) -> CleanedPlane:
    residual = np.where(known, state.residual, np.nan).astype(np.float32)
    flux = float(state.model.sum(dtype=float))
    account = Account(why, state.iterations, state.cycles, float(threshold), state.peak, flux)
    return CleanedPlane(state.model, residual, account)
