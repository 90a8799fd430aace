"""The noise of values that hold emission: from their negative half, clipped."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

CLIP = 4.0
"""Values below -CLIP standard deviations are left out: absorption, bowls, artefacts."""
FEWEST = 8
"""Negative values without which nothing is said."""
ROUNDS = 12
CUT = float(
    np.sqrt(1 - CLIP * np.sqrt(2 / np.pi) * np.exp(-(CLIP**2) / 2) / erf(CLIP / np.sqrt(2)))
)
"""Standard deviation of a unit Gaussian cut at +-CLIP."""


def negative_rms(values: np.ndarray) -> float:
    """Standard deviation about 0 from the values below 0 alone; NaN where there are too few.

    values : any shape; NaN are left out. Emission is positive, so the negative half is noise.
    """
    below = values[values < 0]
    if below.size < FEWEST:
        return float("nan")
    level = float(-np.median(below[:: max(below.size // 4096, 1)])) / 0.6745
    kept, lowest = -1, float(below.min())
    for _ in range(ROUNDS):
        clip = -CLIP * level
        inside = below if lowest > clip else below[below > clip]
        if inside.size in (kept, 0):
            break
        kept = inside.size
        level = float(np.sqrt(np.vdot(inside, inside) / kept)) / CUT
    return level


def shrunk(levels: np.ndarray, relative_error: float) -> np.ndarray:
    """Noise levels drawn towards their geometric mean by as much as their own error explains.

    levels : any shape; NaN become the mean. A level more than four errors away is real, whatever
    the scatter of the others says (James and Stein 1961).
    """
    known = np.isfinite(levels) & (levels > 0)
    if known.sum() < 3:
        return np.where(known, levels, np.median(levels[known]) if known.any() else np.nan)
    mean = np.exp(np.mean(np.log(levels[known])))
    ratio = np.log(np.where(known, levels, mean) / mean)
    kept = max(0.0, 1 - relative_error**2 / max(float(np.mean(ratio[known] ** 2)), 1e-30))
    far = np.abs(ratio) > 4 * relative_error
    drawn: np.ndarray = mean * np.exp(np.where(far, ratio, kept * ratio))
    return drawn
