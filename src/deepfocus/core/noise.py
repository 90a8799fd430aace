"""The noise of a cube: how strong it is in each channel and place, and how correlated on the sky.

The power of the noise, the transform of its autocorrelation, is one of four kinds. Which one it
is decides how significant a source of a given size is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class White:
    """Independent in every voxel: its power is flat."""

    name: ClassVar[str] = "white"


@dataclass(frozen=True)
class DirtyBeam:
    """Noise of visibilities that all count the same: its autocorrelation is the dirty beam."""

    name: ClassVar[str] = "thermal"


@dataclass(frozen=True, eq=False)
class SquaredWeights:
    """Noise of visibilities under other weights: as the dirty beam that their squares make.

    make_beam : gives that beam, mid band, (y, x) with peak 1 at [ny // 2, nx // 2]; None where
        the weights are not at hand
    """

    make_beam: Callable[[], np.ndarray] | None = None
    name: ClassVar[str] = "thermal"

    @cached_property
    def beam(self) -> np.ndarray | None:
        """The beam of the squared weights, made when first asked for."""
        return None if self.make_beam is None else self.make_beam()


@dataclass(frozen=True, eq=False)
class Measured:
    """Noise whose autocorrelation was measured: (dy, dx), 1 at [ny // 2, nx // 2]."""

    autocorrelation: np.ndarray
    name: ClassVar[None] = None


Power = White | DirtyBeam | SquaredWeights | Measured


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of a cube before the correction for the primary beam, independent between channels.

    power : how it is correlated on the sky
    sigma_jy_beam : (chan,) standard deviation in each channel, (1,) where it is the same in all;
        None where it has yet to be measured
    pattern : (y, x) factor of that standard deviation; None where it is the same everywhere
    """

    power: Power
    sigma_jy_beam: np.ndarray | None = None
    pattern: np.ndarray | None = None

    @property
    def level_jy_beam(self) -> float | None:
        """Standard deviation of a channel; where channels differ, that of the whole cube."""
        if self.sigma_jy_beam is None:
            return None
        if len(self.sigma_jy_beam) == 1:
            return float(self.sigma_jy_beam[0])
        return float(np.sqrt(np.mean(self.sigma_jy_beam**2)))


def noise_of_level(power: Power, level_jy_beam: float | None) -> Noise:
    """Noise of the same standard deviation in all channels, or of one not known yet."""
    sigma = None if level_jy_beam is None else np.array([float(level_jy_beam)])
    return Noise(power, sigma)
