"""The uv cells in which kernels have power: a few per cent of those of an image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.fft import fft, next_fast_len, rfft

from deepfocus.forward.kernels import Kernels
from deepfocus.ops.circular import power

NO_POWER = 1e-4
"""Of a kernel's highest power: what is below changes no limit by more than 2e-4."""


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of the half plane that the transform of a real square image needs.

    side : pixels of the image, padded so that nothing wraps around
    rows, columns : (cell,) where they lie; model, noise : (cell,) power of the kernels, such that
        sums over the cells are products on the sky. The same array where the kernels are the same.
    """

    side: int
    rows: np.ndarray
    columns: np.ndarray
    model: np.ndarray
    noise: np.ndarray

    def transform(self, images: np.ndarray) -> np.ndarray:
        """(..., cell) complex64 of images (..., y, x) with the pixel [0, 0] at the origin."""
        along_x = rfft(images.astype(np.float32, copy=False), self.side, axis=-1)
        told = along_x[..., : self.columns.max() + 1]
        transform: np.ndarray = fft(told, self.side, axis=-2)[..., self.rows, self.columns]
        return transform

    @cached_property
    def u(self) -> np.ndarray:
        """(cell,) cycles per pixel of x."""
        frequencies: np.ndarray = np.fft.rfftfreq(self.side)[self.columns]
        return frequencies.astype(np.float32)

    @cached_property
    def v(self) -> np.ndarray:
        """(cell,) cycles per pixel of y."""
        frequencies: np.ndarray = np.fft.fftfreq(self.side)[self.rows]
        return frequencies.astype(np.float32)

    def products(self, transforms: np.ndarray, power: np.ndarray) -> np.ndarray:
        """(n, n) a' K b of images by their transforms (n, cell)."""
        parts = np.ascontiguousarray(transforms).view(np.float32)
        products: np.ndarray = (parts * np.repeat(power, 2).astype(np.float32)) @ parts.T
        return products.astype(float)


def cells_of(kernels: Kernels, pixels: int) -> Cells:
    """The cells of images of `pixels` by `pixels` where one of the kernels has power."""
    side = next_fast_len(2 * pixels - 1, real=True)
    model = power(kernels.model, (side, side))
    noise = model if kernels.noise is kernels.model else power(kernels.noise, (side, side))
    told = [np.abs(each) > NO_POWER * np.abs(each).max() for each in (model, noise)]
    rows, columns = np.nonzero(told[0] | told[1])
    kept = model[rows, columns]
    return Cells(side, rows, columns, kept, kept if noise is model else noise[rows, columns])
