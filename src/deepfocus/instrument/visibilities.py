"""Dirty images of measured visibilities: weights, image and dirty beam of one channel.

A non-uniform Fourier transform (finufft) replaces the gridding kernel. The image is SIN
projected about the phase centre and w is taken as 0; `w_phase_rad` gives the resulting error.
"""

from __future__ import annotations

from dataclasses import dataclass

import finufft
import numpy as np

from deepfocus.instrument.sampling import ARCSEC_PER_RAD, on_grid
from deepfocus.instrument.weighting import Weighting, beam_image


@dataclass(frozen=True, eq=False)
class WeightedSamples:
    """Samples used in one image channel, ready for imaging.

    uv_cycles : (sample, 2) in cycles per pixel, within +-0.5
    values : (sample,) complex, Jy; weights : (sample,) imaging weights, positive
    beyond_grid : number of others, dropped because their baselines are too long for the cell
    """

    uv_cycles: np.ndarray
    values: np.ndarray
    weights: np.ndarray
    beyond_grid: int = 0

    def dirty_image(self, size: int) -> np.ndarray:
        """(size, size) Jy/beam, the phase centre on pixel [size // 2, size // 2].

        I(l, m) = sum w Re V exp(-2 pi i (u l + v m)) / sum w, for the u, v of a measurement
        set, where V = sum I exp(2 pi i (u l + v m)); l = -x: right ascension grows to the left.
        All NaN if there are no samples.
        """
        if not len(self.weights):
            return np.full((size, size), np.nan)
        image = finufft.nufft2d1(
            2 * np.pi * self.uv_cycles[:, 1],
            -2 * np.pi * self.uv_cycles[:, 0],
            self.weights * self.values.astype(complex),
            (size, size),
            eps=1e-7,
            isign=-1,
            nthreads=1,
        )
        mean: np.ndarray = image.real / self.weights.sum()
        return mean

    def dirty_beam(self, size: int) -> np.ndarray:
        """(size, size), peak 1 at [size // 2, size // 2]; all NaN if there are no samples."""
        if not len(self.weights):
            return np.full((size, size), np.nan)
        return beam_image(self.uv_cycles, self.weights, size)


def weighted_samples(
    uv_wavelengths: np.ndarray,
    values: np.ndarray,
    visibility_weights: np.ndarray,
    *,
    size: int,
    cell_arcsec: float,
    weighting: Weighting,
) -> WeightedSamples:
    """The samples of one image channel with their imaging weights.

    uv_wavelengths : (sample, 2); values : (sample,); visibility_weights : (sample,), 0 if
    flagged. Samples beyond the imager's uv grid are dropped, as in CASA.
    """
    cycles = uv_wavelengths * (cell_arcsec / ARCSEC_PER_RAD)
    good = visibility_weights > 0
    used = good & on_grid(cycles, size)
    cycles = cycles[used]
    own = visibility_weights[used].astype(float)
    weights = (
        own if not len(own) else weighting(cycles[:, 0] * size, cycles[:, 1] * size, size, own)
    )
    beyond = int(np.count_nonzero(good)) - len(own)
    return WeightedSamples(cycles, values[used], weights, beyond_grid=beyond)


def w_phase_rad(w_wavelengths: float, radius_arcsec: float) -> float:
    """Phase error at this distance from the phase centre if w is taken as 0.

    2 pi w (1 - sqrt(1 - l^2 - m^2)), about pi w (l^2 + m^2): the phase that the w term of
    V(u, v, w) adds to the two-dimensional Fourier transform.
    """
    sine = np.sin(radius_arcsec / ARCSEC_PER_RAD)
    return float(2 * np.pi * w_wavelengths * (1 - np.sqrt(1 - sine**2)))
