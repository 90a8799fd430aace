"""Spectra of lines of unit flux, and how they change with the line's centre and width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtr

LINE_REACH = 5.0
"""Half a line's window in its standard deviations: 6e-7 of its flux lies outside."""


LARGEST_SIGMA = 0.3
"""Of a line, over the band: broader ones are continuum."""
ONE_CHANNEL_SIGMA = 0.3
"""Channels: standard deviation of one, 1 / sqrt(12)."""
OUTSIDE_CHAN = 3.0
"""How far outside the band the centre of a line may lie."""


class Profile(Protocol):
    """How a cube's channels see a Gaussian line.

    least_sigma : the least width of a line in channels that they still tell the flux of
    largest_sigma : the largest, over the band; outside_chan : how far its centre may lie beyond it
    """

    @property
    def least_sigma(self) -> float: ...

    @property
    def largest_sigma(self) -> float: ...

    @property
    def outside_chan(self) -> float: ...

    def of(
        self, channels: np.ndarray, *, centre: np.ndarray, sigma: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n, chan) profiles of unit flux, and their derivatives by centre and by sigma.

        channels : (chan,); centre, sigma : (n,) in channels
        """
        ...


@dataclass(frozen=True)
class Integrated:
    """A channel holds the mean over its width, as a correlator's does.

    The narrowest line has all of its flux in one or two channels.
    """

    least_sigma: float = 0.2
    largest_sigma: float = LARGEST_SIGMA
    outside_chan: float = OUTSIDE_CHAN

    def of(
        self, channels: np.ndarray, *, centre: np.ndarray, sigma: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Differences of the error function at the channels' edges."""
        width = sigma[:, None]
        low, high = ((channels + edge - centre[:, None]) / width for edge in (-0.5, 0.5))
        at_low, at_high = _normal(low), _normal(high)
        profile = ndtr(high) - ndtr(low)
        by_sigma = (low * at_low - high * at_high) / width
        return profile, (at_low - at_high) / width, by_sigma


@dataclass(frozen=True)
class Sampled:
    """A channel holds the value at its centre, as those of `core.source` and simulations do.

    Samples of a narrower line miss, or double, more than 1% of its flux.
    """

    least_sigma: float = 0.5
    largest_sigma: float = LARGEST_SIGMA
    outside_chan: float = OUTSIDE_CHAN

    def of(
        self, channels: np.ndarray, *, centre: np.ndarray, sigma: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The Gaussian at the channels' centres."""
        width = sigma[:, None]
        offset = (channels - centre[:, None]) / width
        profile = _normal(offset) / width
        return profile, profile * offset / width, profile * (offset**2 - 1) / width


def window(centre: float, sigma: float, channels: int) -> slice:
    """The channels of a band in which a line shines; none if it lies outside the band."""
    reach = LINE_REACH * sigma + 0.5
    first = int(np.clip(np.ceil(centre - reach), 0, channels))
    last = int(np.clip(np.floor(centre + reach) + 1, first, channels))
    return slice(first, last)


def _normal(offset: np.ndarray) -> np.ndarray:
    density: np.ndarray = np.exp(-0.5 * offset**2) / np.sqrt(2 * np.pi)
    return density
