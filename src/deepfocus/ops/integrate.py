"""Integration along frequency: the integrated dirty cube (section 4.4, step 1)."""

from __future__ import annotations

import numpy as np


def integrate(data: np.ndarray, lo: int | None = None, hi: int | None = None) -> np.ndarray:
    """Sum of channels `lo` to `hi - 1` (all by default), ignoring missing voxels.

    data : (chan, y, x). Returns (y, x) in the unit of `data` times channels; NaN where every
    channel is NaN.
    """
    part = np.asarray(data)[lo:hi]
    total = np.asarray(np.nansum(part, axis=0, dtype=np.float64))
    # Without missing voxels, no second pass over the cube is needed.
    if not np.isfinite(part).all():
        total[~np.isfinite(part).any(axis=0)] = np.nan
    return np.asarray(total, np.float32)
