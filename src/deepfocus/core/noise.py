"""The noise of a cube: its level by channel and position, and its correlation on the sky.

The power spectrum of the noise, the Fourier transform of its autocorrelation, is one of four
kinds. The kind determines how significant a source of a given size is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np


@dataclass(frozen=True)
class White:
    """Noise independent in every voxel: its power spectrum is flat."""

    name: ClassVar[str] = "white"


@dataclass(frozen=True)
class DirtyBeam:
    """Noise of equally weighted visibilities: its autocorrelation is the dirty beam."""

    name: ClassVar[str] = "thermal"


@dataclass(frozen=True, eq=False)
class SquaredWeights:
    """Noise under other weights: its autocorrelation is the dirty beam of the squared weights.

    make_beam : returns that beam, mid band, (y, x) with peak 1 at [ny // 2, nx // 2]; None if
        the weights are unavailable
    """

    make_beam: Callable[[], np.ndarray] | None = None
    name: ClassVar[str] = "thermal"

    @cached_property
    def beam(self) -> np.ndarray | None:
        """The beam of the squared weights, computed on first use."""
        return None if self.make_beam is None else self.make_beam()


@dataclass(frozen=True, eq=False)
class Measured:
    """Noise whose autocorrelation was measured: (dy, dx), 1 at [ny // 2, nx // 2]."""

    autocorrelation: np.ndarray
    name: ClassVar[None] = None


Power = White | DirtyBeam | SquaredWeights | Measured


def known_autocorrelation(power: Power) -> np.ndarray | None:
    """(dy, dx), 1 at [ny // 2, nx // 2]; None of noise that is white, or like the dirty beam."""
    match power:
        case Measured():
            return power.autocorrelation
        case SquaredWeights():
            return power.beam
        case _:
            return None


@dataclass(frozen=True, eq=False)
class Noise:
    """Noise of a cube before primary beam correction, independent between channels.

    power : its correlation on the sky
    sigma_jy_beam : (chan,) standard deviation per channel, or (1,) if the same in all channels;
        None until it is measured
    pattern : (y, x) factor on the standard deviation; None if it is 1 everywhere
    """

    power: Power
    sigma_jy_beam: np.ndarray | None = None
    pattern: np.ndarray | None = None

    @property
    def level_jy_beam(self) -> float | None:
        """Standard deviation per channel; if channels differ, their root mean square."""
        if self.sigma_jy_beam is None:
            return None
        if len(self.sigma_jy_beam) == 1:
            return float(self.sigma_jy_beam[0])
        return float(np.sqrt(np.mean(self.sigma_jy_beam**2)))

    def in_channels(self, factor: np.ndarray | float) -> Noise:
        """The same noise with its standard deviation multiplied by a factor, or by (chan,)."""
        if self.sigma_jy_beam is None:
            return self
        return replace(self, sigma_jy_beam=self.sigma_jy_beam * factor)


def noise_of_level(power: Power, level_jy_beam: float | None) -> Noise:
    """Noise of the same level in all channels; a level of None is not known yet."""
    sigma = None if level_jy_beam is None else np.array([float(level_jy_beam)])
    return Noise(power, sigma)
