"""Square windows around a position in an image (section 4.4, step 8)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """`size` x `size` pixels; the pixel nearest to (x, y) lies at [size // 2, size // 2]."""

    x: float
    y: float
    size: int

    @property
    def x0(self) -> int:
        """Image column of the window's first pixel."""
        return int(np.floor(self.x + 0.5)) - self.size // 2

    @property
    def y0(self) -> int:
        """Image row of the window's first pixel."""
        return int(np.floor(self.y + 0.5)) - self.size // 2


def crop(array: np.ndarray, window: Window) -> np.ndarray:
    """(..., size, size) copy of a window of an array (..., y, x).

    Zero outside the image and where there are no data (NaN).
    """
    ny, nx = array.shape[-2:]
    size, y0, x0 = window.size, window.y0, window.x0
    out = np.zeros((*array.shape[:-2], size, size), dtype=np.result_type(array, np.float32))
    rows = slice(min(max(y0, 0), ny), min(max(y0 + size, 0), ny))
    columns = slice(min(max(x0, 0), nx), min(max(x0 + size, 0), nx))
    if rows.stop > rows.start and columns.stop > columns.start:
        part = np.nan_to_num(array[..., rows, columns], nan=0.0, posinf=0.0, neginf=0.0)
        out[..., rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = part
    return out
