"""What a cube's channels are drawn against: frequency, else velocity, else their numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.grid import Grid


@dataclass(frozen=True, eq=False)
class SpectralAxis:
    """places : (chan,) where the channels lie, monotonic; label : of the axis, with its unit"""

    places: np.ndarray
    label: str

    def at(self, channel: float) -> float:
        """The place of a fractional channel; those beyond the ends lie at the ends."""
        return float(np.interp(channel, np.arange(len(self.places)), self.places))

    def within(self, channels: slice) -> SpectralAxis:
        """The axis of some of the channels."""
        return SpectralAxis(self.places[channels], self.label)


def spectral_axis(grid: Grid) -> SpectralAxis:
    """The axis that means most; a single channel has its number alone."""
    channels = np.arange(len(grid.freq_hz))
    if len(channels) == 1:
        return SpectralAxis(channels.astype(float), "Channel")
    if grid.nominal:
        return SpectralAxis(grid.velocity_kms(channels), f"Velocity, {grid.specsys} (km/s)")
    return SpectralAxis(grid.freq_hz / 1e9, f"Frequency, {grid.specsys} (GHz)")
