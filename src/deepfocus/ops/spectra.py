"""The dirty spectrum of a box (section 4.4, step 5)."""

from __future__ import annotations

import numpy as np

from deepfocus.ops.boxes import Box


def extract_spectrum(data: np.ndarray, box: Box) -> np.ndarray:
    """Sum per channel of the pixels whose centre is inside `box`, ignoring missing ones.

    data : (chan, y, x). Returns (chan,), float64, in the unit of `data` times pixels; NaN in
    channels where the box has no data.
    """
    rows, columns = box.pixels(*data.shape[-2:])
    part = data[:, rows, columns]
    spectrum = np.asarray(np.nansum(part, axis=(1, 2), dtype=np.float64))
    spectrum[~np.isfinite(part).any(axis=(1, 2))] = np.nan
    return spectrum
