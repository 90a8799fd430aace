"""Square cut-outs of fixed size around a position (section 4.4, step 8)."""

from __future__ import annotations

import numpy as np


def crop_origin(position: float, size: int) -> int:
    """Index of the cut-out's first pixel: the pixel nearest to `position` lies at size // 2."""
    return int(np.floor(position + 0.5)) - size // 2


def crop(array: np.ndarray, *, y: float, x: float, size: int) -> np.ndarray:
    """(..., size, size) around the pixel nearest to (y, x), which lands on [size // 2] of both.

    array : (..., y, x). Zero outside the image and where NaN. A copy.
    """
    ny, nx = array.shape[-2:]
    y0, x0 = crop_origin(y, size), crop_origin(x, size)
    out = np.zeros((*array.shape[:-2], size, size), dtype=np.result_type(array, np.float32))
    rows = slice(min(max(y0, 0), ny), min(max(y0 + size, 0), ny))
    columns = slice(min(max(x0, 0), nx), min(max(x0 + size, 0), nx))
    if rows.stop > rows.start and columns.stop > columns.start:
        part = np.nan_to_num(array[..., rows, columns], nan=0.0, posinf=0.0, neginf=0.0)
        out[..., rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = part
    return out
