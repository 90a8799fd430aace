"""The correlator's channels: Hanning smoothing, and the averaging of channels after it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.simulation.scene import Scene

HANNING = np.array([0.25, 0.5, 0.25])


@dataclass(frozen=True)
class Hanning:
    """Hanning smoothing of the correlator's channels, `averaged` of which make one of the cube.

    ALMA smooths by default, and averages 1, 2, 4, 8 or 16 channels (ALMA Technical Handbook,
    chapter on the correlators). A cube's channel is smoothed with (1/4, 1/2, 1/4) where none are
    averaged. With n averaged, a line gets the same additional variance as from the correlator's
    response: (n^2 + 5) / (12 n^2) channels squared.

    Noise of standard deviation s in independent channels has, for n = 1, sqrt(3/8) s and the
    correlations 2/3 and 1/6 with the next two channels; for more, sqrt(1 - 3 / (4 n)) s and
    3 / (8 n - 6) with the next. The first and the last channel are smoothed with channels beyond,
    where spectra go on in a straight line; their noise is that of the other end.
    """

    averaged: int = 1

    def __post_init__(self) -> None:
        if self.averaged < 1:
            raise DeepFocusError(
                f"averaged = {self.averaged}",
                wanted="1 or more channels of the correlator to a channel of the cube",
                remedy="correct it in [faults.smoothing]",
            )

    @property
    def noise_factor(self) -> float:
        """Noise of a channel over that of an independent channel."""
        return float(np.sqrt(np.sum(self._noise_taps**2)))

    @property
    def _noise_taps(self) -> np.ndarray:
        """Weights of neighbouring independent channels that give the noise its correlations."""
        n = self.averaged
        if n == 1:
            return HANNING
        variance, beside = 1 - 3 / (4 * n), 3 / (8 * n)
        sum_, difference = np.sqrt(variance + 2 * beside), np.sqrt(variance - 2 * beside)
        return np.array([sum_ + difference, sum_ - difference]) / 2

    def of(self, scene: Scene) -> Scene:
        """The scene with smoothed spectra, and the level of smoothed noise."""
        n = self.averaged
        beside = (n**2 + 5) / (24 * n**2)
        spectra = scene.spectra
        if spectra.shape[1] > 1:
            ends = (
                2 * spectra[:, :1] - spectra[:, 1:2], 2 * spectra[:, -1:] - spectra[:, -2:-1]
            )  # fmt: skip
            wide = np.concatenate([ends[0], spectra, ends[1]], axis=1)
            spectra = spectra + beside * (wide[:, :-2] - 2 * spectra + wide[:, 2:])
        return replace(scene, spectra=spectra, noise=scene.noise.in_channels(self.noise_factor))

    def correlated(self, noise: np.ndarray) -> np.ndarray:
        """Smooth independent noise (chan, y, x) of standard deviation 1 in place; keeps that level.

        A channel at a time, so that no second cube is in memory.
        """
        taps = (self._noise_taps / self.noise_factor).astype(np.float32)
        channels = len(noise)
        first = noise[: len(taps) - 1].copy()
        for channel in range(channels):
            plane = noise[channel]
            plane *= taps[0]
            for ahead, tap in enumerate(taps[1:], start=1):
                at = channel + ahead
                plane += tap * (noise[at] if at < channels else first[(at - channels) % len(first)])
        return noise
