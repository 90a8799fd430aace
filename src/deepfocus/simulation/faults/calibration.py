"""What calibration leaves of the atmosphere's phase errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError

PhaseAt = Callable[[np.ndarray], np.ndarray]
"""Gives the phases (antenna, time) at times (time,), seconds."""


@dataclass(frozen=True)
class Uncalibrated:
    """All of it stays."""

    kind: ClassVar[str] = "none"

    def left(self, phase_at: PhaseAt, time_s: np.ndarray) -> np.ndarray:
        """(antenna, time) the phases themselves."""
        return phase_at(time_s)


@dataclass(frozen=True)
class Referenced:
    """A calibrator beside the source is seen once a cycle; phases are interpolated between.

    What stays grows with the distance by which the wind moves the screen in half a cycle (Carilli
    & Holdaway 1999). The calibrator is seen through the same air, without noise of its own.
    """

    kind: ClassVar[str] = "referenced"

    cycle: u.Quantity = 120 * u.s

    def __post_init__(self) -> None:
        _check_time("cycle", self.cycle)

    def left(self, phase_at: PhaseAt, time_s: np.ndarray) -> np.ndarray:
        """(antenna, time) phase less the line between the calibrator's before and after."""
        cycle_s = float(self.cycle.to_value(u.s))
        scans = cycle_s * np.arange(np.floor(time_s[-1] / cycle_s) + 2)
        seen = phase_at(scans)
        before = (time_s // cycle_s).astype(int)
        share = time_s / cycle_s - before
        between = seen[:, before] * (1 - share) + seen[:, before + 1] * share
        left: np.ndarray = phase_at(time_s) - between
        return left


@dataclass(frozen=True)
class SelfCalibrated:
    """The source's own phases are solved for; each solution is the mean over an interval."""

    kind: ClassVar[str] = "self"

    interval: u.Quantity = 60 * u.s

    def __post_init__(self) -> None:
        _check_time("interval", self.interval)

    def left(self, phase_at: PhaseAt, time_s: np.ndarray) -> np.ndarray:
        """(antenna, time) phase less its mean over the interval."""
        phase = phase_at(time_s)
        of_time = (time_s // float(self.interval.to_value(u.s))).astype(int)
        starts = np.flatnonzero(np.diff(of_time, prepend=-1))
        lengths = np.diff(starts, append=len(time_s))
        means = np.add.reduceat(phase, starts, axis=1) / lengths
        return phase - np.repeat(means, lengths, axis=1)


Calibration = Uncalibrated | Referenced | SelfCalibrated


def _check_time(name: str, value: u.Quantity) -> None:
    if not (value.isscalar and value.unit.is_equivalent(u.s) and value > 0 * u.s):
        raise DeepFocusError(
            f"{name} = {value}", wanted="a positive time", remedy="write it as '60 s'"
        )
