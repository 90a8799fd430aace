"""Prints two tables of docs/physics.md: `python docs/figures/physics_numbers.py`, ten seconds.

The error of interpolating between a few frequencies against the width of the band, and how far
the autocorrelation of drawn noise is from what its weights say.
"""

from __future__ import annotations

import numpy as np
from astropy import units as u
from scipy.fft import irfft2

from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.telescope import Telescope, dirty_beam, telescope_of
from deepfocus.instrument.weighting import beam_image


def print_errors_between_frequencies() -> None:
    """Largest error in the dirty image of a point, over its peak, between the nodes."""
    place = {"phase centre": (180, 180), "14 arcsec off": (260, 300)}
    print("C-3, 360 px of 0.1 arcsec, about 230 GHz: error of a point's image over its peak")
    for band_ghz in (1.28, 1.875, 3.75, 7.5):
        seen = telescope_of(
            Observation(
                first_frequency=(230 - band_ghz / 2) * u.GHz,
                channel_width=band_ghz / 127 * u.GHz,
                cell=0.1 * u.arcsec,
                size=360,
            )
        )
        errors = [_error_between_nodes(seen, y=y, x=x) for y, x in place.values()]
        words = ", ".join(f"{e:.1e} {name}" for e, name in zip(errors, place, strict=True))
        number = len(seen.node_hz)
        print(f"  {band_ghz:5.2f} GHz ({band_ghz / 2.3:.1f}%), {number} frequencies: {words}")


def _error_between_nodes(seen: Telescope, *, y: int, x: int) -> float:
    size, worst = seen.size, 0.0
    sky = np.zeros((1, size, size))
    sky[0, y, x] = 1.0
    at_nodes = seen.dirty_components(sky)[0]
    for channel in (13, 27, 100, 114):
        hz = seen.grid.freq_hz[channel]
        beam = dirty_beam(
            seen.uv_m * hz / C_M_S, size=size, cell_arcsec=0.1, weighting=seen.weighting
        )
        response = float(DISHES[12.0](np.hypot(y - 180, x - 180) * 0.1, hz))
        exact = beam[size - y : 2 * size - y, size - x : 2 * size - x]
        ours = np.tensordot(seen.interpolation[:, channel], at_nodes, axes=1) / response
        worst = max(worst, float(np.abs(ours - exact).max()))
    return worst


def print_errors_of_the_noise() -> None:
    """Expected autocorrelation of drawn noise against the beam of squared weights."""
    print("autocorrelation of thermal noise: largest difference from the beam of squared weights")
    for settings in (
        {"configuration": "C-3"},
        {"configuration": "C-3", "robust": 0.5},
        {"configuration": "C-3", "weighting": "uniform"},
        {"configuration": "C-1"},
        {"configuration": "ACA"},
    ):
        seen = telescope_of(Observation(channels=1, **settings))
        size = seen.size
        n = Thermal().grid_px(size)
        power = Thermal().amplitudes(seen, n)[0].astype(float) ** 2
        cycles = seen.uv_m * seen.node_hz[0] / C_M_S * np.deg2rad(seen.grid.cell_arcsec / 3600)
        squares = beam_image(cycles, seen.weights(seen.node_hz[0]) ** 2, 2 * size)
        lags = np.roll(irfft2(power, s=(n, n)), (n // 2, n // 2), axis=(0, 1))
        errors = []
        for reach in (
            min(40, size // 2 - 1),
            round(2 * seen.beam.major_arcsec / seen.grid.cell_arcsec),
        ):
            ours = _middle(lags, reach) / lags.max()
            errors.append(np.abs(ours - _middle(squares, reach)).max())
        name = ", ".join(map(str, settings.values()))
        print(f"  {name}: {errors[0]:.3f} within 40 px, {errors[1]:.3f} within two beams")


def _middle(image: np.ndarray, reach: int) -> np.ndarray:
    y, x = image.shape[0] // 2, image.shape[1] // 2
    return image[y - reach : y + reach + 1, x - reach : x + reach + 1]


if __name__ == "__main__":
    print_errors_between_frequencies()
    print_errors_of_the_noise()
