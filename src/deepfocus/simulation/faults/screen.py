"""A frozen screen of water vapour that the wind carries over the array, and its phases.

The screen is a sum of plane waves of random direction and phase, their wavelengths spread evenly
in logarithm. It has no grid and no period, and costs the same for compact and for wide arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gamma, kv

WAVES = 800
LONGEST_OVER_OUTER = 10.0
SHORTEST_M = 3.0
"""Waves are drawn from ten outer scales down to below any baseline. The waves beyond hold less than
1e-3 of the phase difference on any of ALMA's baselines."""


@dataclass(frozen=True, eq=False)
class Screen:
    """One draw of a screen that moves with the wind.

    waves_per_m : (wave, 2) wave vectors, radians per metre, east and north
    amplitude : (wave,) complex, radians; wind_m_s : (2,)
    """

    waves_per_m: np.ndarray
    amplitude: np.ndarray
    wind_m_s: np.ndarray

    def phase_rad(self, ground_m: np.ndarray, time_s: np.ndarray) -> np.ndarray:
        """(antenna, time) phase above each antenna: Re sum a exp(i k (r - w t))."""
        places = np.exp(1j * ground_m @ self.waves_per_m.T) * self.amplitude
        moved = np.exp(-1j * np.outer(self.waves_per_m @ self.wind_m_s, time_s))
        phase: np.ndarray = (places @ moved).real
        return phase


@dataclass(frozen=True)
class Turbulence:
    """The statistics of a screen: Kolmogorov's up to an outer scale (von Karman's spectrum).

    The variance of the phase between two antennas at a distance b is, with x = 2 pi b / L,

        D(b) ~ 1 - 2^(1/6) / Gamma(5/6) x^(5/6) K_{5/6}(x),

    which is b^(5/3) for b << L and constant beyond (TMS, chapter on propagation; Carilli &
    Holdaway 1999, Radio Science 34, 817).

    rms_rad : root of D at the distance `at_m`; outer_m : L
    """

    rms_rad: float
    at_m: float
    outer_m: float

    def variance_rad2(self, distance_m: np.ndarray | float) -> np.ndarray:
        """D at distances, rad^2."""
        share: np.ndarray = self._shape(distance_m) / self._shape(self.at_m)
        return self.rms_rad**2 * share

    def _shape(self, distance_m: np.ndarray | float) -> np.ndarray:
        x = np.maximum(2 * np.pi * np.asarray(distance_m, float) / self.outer_m, 1e-9)
        shape: np.ndarray = 1 - 2 ** (1 / 6) / gamma(5 / 6) * x ** (5 / 6) * kv(5 / 6, x)
        return shape

    def drawn(self, wind_m_s: float, rng: np.random.Generator) -> Screen:
        """A screen carried by a wind of that speed from a random direction."""
        longest, shortest = self.outer_m * LONGEST_OVER_OUTER, SHORTEST_M
        low, high = np.log(2 * np.pi / longest), np.log(2 * np.pi / shortest)
        step = (high - low) / WAVES
        number = np.exp(low + step * (np.arange(WAVES) + rng.uniform(size=WAVES)))
        # the power of a two-dimensional spectrum (k^2 + k0^2)^(-11/6) in a ring of d ln k
        power = number**2 * (number**2 + (2 * np.pi / self.outer_m) ** 2) ** (-11 / 6) * step
        # D of a plane wave of amplitude a is a^2 (1 - cos k b); all of them give twice the
        # variance of one antenna at large distances, where the shape is 1
        far = self.rms_rad**2 / self._shape(self.at_m)
        amplitude = np.sqrt(far * power / self._ring_total())
        angle, phase = rng.uniform(0, 2 * np.pi, (2, WAVES))
        towards = rng.uniform(0, 2 * np.pi)
        return Screen(
            waves_per_m=number[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1),
            amplitude=amplitude * np.exp(1j * phase),
            wind_m_s=wind_m_s * np.array([np.cos(towards), np.sin(towards)]),
        )

    def _ring_total(self) -> float:
        """Integral of k^2 (k^2 + k0^2)^(-11/6) over d ln k, from 0 to infinity."""
        return float(3 / 5 * (2 * np.pi / self.outer_m) ** (-5 / 3))
