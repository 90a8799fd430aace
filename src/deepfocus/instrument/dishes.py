"""Dishes: efficiencies that enter the radiometer equation, and the noise of a visibility.

Efficiencies come from CASA 6.7's simulator (`simutil.noisetemp`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.constants import c, k_B

SPILLOVER = 0.95
TAPER = 0.72


@dataclass(frozen=True)
class Dish:
    """Properties of a dish that enter the radiometer equation (CASA's simulator).

    surface_um : rms error of the surface; correlator : efficiency including quantisation
    """

    diameter_m: float
    surface_um: float
    correlator: float
    subreflector_m: float = 0.75

    def efficiency(self, freq_hz: np.ndarray) -> np.ndarray:
        """Antenna efficiency: Ruze * spillover * blockage * taper. 0.643 for 12 m at 230 GHz."""
        ruze = np.exp(-((4 * np.pi * self.surface_um * 1e-6 * freq_hz / c.value) ** 2))
        blockage = 1 - (self.subreflector_m / self.diameter_m) ** 2
        efficiency: np.ndarray = ruze * SPILLOVER * blockage * TAPER
        return efficiency


DISHES = {12.0: Dish(12.0, 25.0, 0.845), 7.0: Dish(7.0, 20.0, 0.88)}


def visibility_noise_jy(
    tsys_k: np.ndarray, *, dish: Dish, freq_hz: np.ndarray, width_hz: float, integration_s: float
) -> np.ndarray:
    """Noise standard deviation of the real or imaginary part of one polarisation, Jy.

    4 sqrt(2) k Tsys / (pi D^2 eta_a eta_q sqrt(dnu dt)), the radiometer equation.
    """
    area = np.pi * dish.diameter_m**2 * dish.efficiency(freq_hz) * dish.correlator
    watts = 4 * np.sqrt(2) * k_B.value * tsys_k / (area * np.sqrt(width_hz * integration_s))
    noise_jy: np.ndarray = watts * 1e26
    return noise_jy
