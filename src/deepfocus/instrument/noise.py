"""Noise of a dirty cube: `Thermal` visibility noise, correlated like the beam, or `White`.

Both are drawn with unit standard deviation in the image; the caller scales them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import next_fast_len

from deepfocus.core import noise
from deepfocus.core.kept import kept
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.sampling import on_grid
from deepfocus.instrument.telescope import Telescope
from deepfocus.instrument.transforms import corner_of_image
from deepfocus.instrument.weighting import Natural


@dataclass(frozen=True)
class White:
    """Independent in every voxel (the paper's choice)."""

    name = "white"

    def power(self, telescope: Telescope) -> noise.White:
        """A flat power spectrum."""
        return noise.White()

    def pattern(self, telescope: Telescope) -> None:
        """The same everywhere."""

    def draw(self, telescope: Telescope, rng: np.random.Generator) -> np.ndarray:
        """(chan, y, x) float32, standard deviation 1."""
        return rng.standard_normal(telescope.grid.shape, dtype=np.float32)


@dataclass(frozen=True)
class Thermal:
    """Visibility noise. It is uniform over a field, and its spatial autocorrelation is the dirty
    beam of the squared weights (with natural weighting, the dirty beam itself).

    It is drawn as sqrt(sum of squared weights per uv cell) times complex white noise on a grid
    `padding` times the image and at least `least_px` a side, and transformed to the image.
    Channels are independent, and so are the fields of a telescope that has several. Baselines fill
    a small disc of the grid, so normals are drawn only for its cells. Moving samples to the nearest
    cell changes the autocorrelation by up to 0.008 within +-40 px of the paper's 360 (uniform
    weighting; 0.003 with natural). Finer grids reduce this, which is the reason for `padding` and
    `least_px`.
    """

    padding: float = 2.0
    least_px: int = 512

    name = "thermal"

    def power(self, telescope: Telescope) -> noise.DirtyBeam | noise.SquaredWeights:
        """Power of the dirty beam of the squared weights; natural weights are all 1."""
        if isinstance(telescope.weighting, Natural):
            return noise.DirtyBeam()
        return noise.SquaredWeights(telescope.beam_of_squared_weights)

    def pattern(self, telescope: Telescope) -> np.ndarray | None:
        """(size, size) standard deviation over that where the response is 1; None if it is flat."""
        return telescope.noise_pattern

    def draw(self, telescope: Telescope, rng: np.random.Generator) -> np.ndarray:
        """(chan, y, x) float32, standard deviation 1."""
        channels, size, _ = telescope.grid.shape
        n = self.grid_px(size)
        cells = _filled_cells(telescope, n)
        nearest = np.abs(telescope.grid.freq_hz[:, None] - telescope.node_hz).argmin(axis=1)
        out = np.empty((channels, size, size), np.float32)
        for channel in range(channels):
            node = nearest[channel]
            planes = (_drawn(each[node], n, size, rng) for each in cells)
            if not telescope.fields:
                out[channel] = next(planes)
                continue
            out[channel] = 0
            for field, plane in zip(telescope.fields, planes, strict=True):
                out[channel] += field.noise_gain[node] * plane
        return out

    def grid_px(self, size: int) -> int:
        """Side of the grid on which the noise of an image of `size` pixels is drawn."""
        padded = max(self.least_px, int(np.ceil(size * self.padding)))
        side: int = next_fast_len(padded, real=True)
        return side

    def amplitudes(self, telescope: Telescope, n: int) -> np.ndarray:
        """(k, n, n // 2 + 1) amplitude per half-plane uv cell at the nodes of a telescope.

        Its square is proportional to the power spectrum of the noise on n pixels a side.
        """
        return np.stack(
            [
                _amplitude(*_cycles_and_variances(telescope, hz), n=n, size=telescope.size)
                for hz in telescope.node_hz
            ]
        )


@dataclass(frozen=True, eq=False)
class _Cells:
    """Filled cells of the half-plane (n, columns): their positions and noise amplitudes."""

    row: np.ndarray
    column: np.ndarray
    amplitude: np.ndarray
    columns: int


def _drawn(at: _Cells, n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size) noise of standard deviation 1 from its cells."""
    # pairs of normals, read as real and imaginary parts
    white = rng.standard_normal(2 * len(at.amplitude), dtype=np.float32)
    plane = np.zeros((n, at.columns), np.complex64)
    plane[at.row, at.column] = white.view(np.complex64) * at.amplitude
    return corner_of_image(plane, n=n, size=size)


@kept(lambda telescope, n: telescope.size)
def _filled_cells(telescope: Telescope, n: int) -> tuple[tuple[_Cells, ...], ...]:
    """The filled cells of each field at each node.

    They cost as much as a hundred planes, so they are cached.
    """
    if not telescope.fields:
        samples = [_cycles_and_variances(telescope, hz) for hz in telescope.node_hz]
        return (tuple(_cells(*each, n=n, size=telescope.size) for each in samples),)
    return tuple(
        tuple(
            _cells(cycles, variances, n=n, size=telescope.size)
            for cycles, variances in zip(field.uv_cycles, field.noise_weights, strict=True)
        )
        for field in telescope.fields
    )


def _cells(cycles: np.ndarray, variances: np.ndarray, *, n: int, size: int) -> _Cells:
    amplitude = _amplitude(cycles, variances, n=n, size=size)
    # the transform uses only the real part of these columns, half of the drawn power
    amplitude[:, _own_conjugates(n)] *= np.float32(np.sqrt(2))
    row, column = np.nonzero(amplitude)
    return _Cells(row, column, amplitude[row, column], int(column.max()) + 1)


def _cycles_and_variances(telescope: Telescope, hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Of all samples: u and v in cycles per pixel, and the variance that each adds, relative."""
    cell = np.deg2rad(telescope.grid.cell_arcsec / 3600.0)
    return telescope.uv_m * hz / C_M_S * cell, telescope.noise_weights(hz)


def _amplitude(cycles: np.ndarray, variances: np.ndarray, *, n: int, size: int) -> np.ndarray:
    """(n, n // 2 + 1) amplitude per half-plane uv cell for an image of unit variance."""
    inside = on_grid(cycles, size)
    cycles, variances = cycles[inside], variances[inside]
    # image x grows to the west: u changes sign; the half-plane of a real image is column >= 0
    column = np.rint(-cycles[:, 0] * n).astype(int)
    row = np.rint(cycles[:, 1] * n).astype(int)
    flip = column < 0
    column, row = np.where(flip, -column, column), np.where(flip, -row, row)
    width = n // 2 + 1
    variance = np.bincount((row % n) * width + column, variances, minlength=n * width)
    variance = variance.reshape(n, width)
    # in these columns a sample's conjugate lies in the same column, so both count
    own = _own_conjugates(n)
    variance[:, own] += np.roll(variance[::-1, own], 1, axis=0)
    full = 2 * variance.sum() - variance[:, own].sum()
    # irfft2 of A (a + i b): pixel variance = 2 sum over the whole plane of A^2 / n^4
    amplitude: np.ndarray = (np.sqrt(variance / (2 * full)) * n**2).astype(np.float32)
    return amplitude


def _own_conjugates(n: int) -> list[int]:
    """Columns of the half-plane that contain both a sample and its conjugate."""
    return [0] if n % 2 else [0, n // 2]
