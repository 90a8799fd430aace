"""Fidelity: how many peaks of a signal-to-noise are expected to be real.

Noise is as often negative as positive, so the negative peaks tell how many positive ones are false
(Walter et al. 2016, ApJ 833, 67; Gonzalez-Lopez et al. 2019, ApJ 882, 139).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WITHIN = 0.3
"""Peaks are counted whose signal-to-noise is so near."""


def fidelities(positive: Sequence[float], negative: Sequence[float]) -> np.ndarray:
    """(positive,) 1 - N_negative / N_positive of peaks about as high, in [0, 1].

    It never falls as the signal-to-noise rises: a lucky gap between negative peaks is no reason
    to trust a fainter peak more than a brighter one. Above all negative peaks it is 1.
    """
    height, down = np.asarray(positive, float), np.sort(np.abs(negative))
    up = np.sort(height)
    if not len(up):
        return np.zeros(0)
    raw = np.clip(1 - _near(down, up) / _near(up, up), 0.0, 1.0)
    # from above, the lowest so far: one bad height spoils all that are fainter
    lowest_above = np.minimum.accumulate(raw[::-1])[::-1]
    return np.asarray(lowest_above[np.searchsorted(up, height)])


def _near(heights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Number of sorted heights about as high as each of `at`."""
    above = np.searchsorted(heights, at - WITHIN, side="left")
    return np.searchsorted(heights, at + WITHIN, side="right") - above
