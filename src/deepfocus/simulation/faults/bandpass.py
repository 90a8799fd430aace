"""Ripples of the bandpass: standing waves in the receivers that calibration has not removed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.simulation.scene import Scene


@dataclass(frozen=True)
class Ripple:
    """A standing wave in each antenna, e_i = a cos(2 pi (c / period + random)) on its gain.

    Signal and noise of a channel are multiplied by the mean of (1 + e_i) (1 + e_j) over all
    baselines, about 1 + 2 <e>. Waves of N antennas add at random, so the ripple in the cube has an
    rms of a sqrt(2 / N). Of the differences between antennas nothing stays but this mean.

    amplitude : a, of each antenna; period_chan : a reflection over a distance d gives c / 2 d in
        frequency, 25 MHz for 6 m
    """

    amplitude: float = 0.05
    period_chan: float = 20.0

    def __post_init__(self) -> None:
        if not (0 <= self.amplitude < 1 and self.period_chan > 0):
            raise DeepFocusError(
                f"a ripple of {self.amplitude:g} with a period of {self.period_chan:g} channels",
                wanted="an amplitude from 0 to below 1, and a period above 0",
                remedy="correct them in [faults.bandpass]",
            )

    def drawn(self, channels: int, antennas: int, rng: np.random.Generator) -> np.ndarray:
        """(chan,) mean of the factor over the baselines of so many antennas."""
        turns = np.arange(channels) / self.period_chan + rng.uniform(size=(antennas, 1))
        gain = 1 + self.amplitude * np.cos(2 * np.pi * turns)
        pairs = antennas * (antennas - 1)
        factor: np.ndarray = (gain.sum(axis=0) ** 2 - (gain**2).sum(axis=0)) / pairs
        return factor


def rippled(scene: Scene, factor: np.ndarray) -> Scene:
    """The scene with its signal and noise multiplied by a factor (chan,)."""
    return replace(scene, spectra=scene.spectra * factor, noise=scene.noise.in_channels(factor))
