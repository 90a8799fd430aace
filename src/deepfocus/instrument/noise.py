"""Noise of a dirty cube: `Thermal` visibility noise, correlated as the beam, or `White`.

Both are drawn at unit standard deviation in the image; the caller scales.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, next_fast_len

from deepfocus.instrument.telescope import C_M_S, Telescope


@dataclass(frozen=True)
class White:
    """Independent in every voxel (the paper's choice)."""

    name = "white"

    def draw(self, telescope: Telescope, rng: np.random.Generator) -> np.ndarray:
        """(chan, y, x) float32, standard deviation 1."""
        return rng.standard_normal(telescope.grid.shape, dtype=np.float32)


@dataclass(frozen=True)
class Thermal:
    """Visibility noise: flat over the field, its spatial autocorrelation is the dirty beam.

    Drawn as sqrt(sum of squared weights per uv cell) times complex white noise on a grid
    `padding` times the image, transformed to the image. Independent between channels.
    """

    padding: float = 4 / 3

    name = "thermal"

    def draw(self, telescope: Telescope, rng: np.random.Generator) -> np.ndarray:
        """(chan, y, x) float32, standard deviation 1."""
        channels, size, _ = telescope.grid.shape
        n = next_fast_len(int(np.ceil(size * self.padding)), real=True)
        amplitude = self.amplitudes(telescope, n)
        nearest = np.abs(telescope.grid.freq_hz[:, None] - telescope.node_hz).argmin(axis=1)
        out = np.empty((channels, size, size), np.float32)
        for channel in range(channels):
            white = rng.standard_normal((2, n, n // 2 + 1), dtype=np.float32)
            plane = irfft2((white[0] + 1j * white[1]) * amplitude[nearest[channel]], s=(n, n))
            out[channel] = plane[:size, :size]
        return out

    def amplitudes(self, telescope: Telescope, n: int) -> np.ndarray:
        """(k, n, n // 2 + 1) amplitude per half-plane uv cell at the nodes of a telescope."""
        return np.stack([self._amplitude(telescope, hz, n) for hz in telescope.node_hz])

    def _amplitude(self, telescope: Telescope, hz: float, n: int) -> np.ndarray:
        """(n, n // 2 + 1) amplitude per half-plane uv cell for an image of unit variance."""
        cell = np.deg2rad(telescope.grid.cell_arcsec / 3600.0)
        cycles = telescope.uv_m * hz / C_M_S * cell
        cycles = cycles[(np.abs(cycles) < 0.5).all(axis=1)]
        size = telescope.size
        weights = telescope.weighting(cycles[:, 0] * size, cycles[:, 1] * size, size)
        # image x grows to the west: u changes sign; the half-plane of a real image is column >= 0
        column = np.rint(-cycles[:, 0] * n).astype(int)
        row = np.rint(cycles[:, 1] * n).astype(int)
        flip = column < 0
        column, row = np.where(flip, -column, column), np.where(flip, -row, row)
        variance = np.zeros((n, n // 2 + 1))
        np.add.at(variance, (row % n, np.minimum(column, n // 2)), weights**2)
        # column 0 holds both a sample and, implicitly, its conjugate: spread over the pair
        mirrored = np.roll(variance[::-1, 0], 1)
        variance[:, 0] = (variance[:, 0] + mirrored) / 2
        full = 2 * variance[:, 1:].sum() + variance[:, 0].sum()
        # irfft2 of A (a + i b): pixel variance = 2 sum over the half-plane of 2 A^2 / n^4
        amplitude = np.sqrt(variance / (2 * full)) * n**2
        return amplitude.astype(np.float32)
