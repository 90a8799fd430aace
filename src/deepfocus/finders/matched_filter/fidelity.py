"""Fidelity: the fraction of peaks at a given signal-to-noise that is expected to be real.

Noise is equally likely to be negative or positive, so the negative peaks estimate how many
positive ones are false (Walter et al. 2016, ApJ 833, 67; Gonzalez-Lopez et al. 2019, ApJ 882, 139).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

WITHIN = 0.3
"""Peaks whose signal-to-noise differs by no more than this are counted together."""


def fidelities(positive: Sequence[float], negative: Sequence[float]) -> np.ndarray:
    """(positive,) 1 - N_negative / N_positive of similarly high peaks, in [0, 1].

    It never falls as the signal-to-noise rises: a lucky gap between negative peaks is no reason
    to trust a fainter peak more than a brighter one. It is 1 above all negative peaks.
    """
    height, down = np.asarray(positive, float), np.sort(np.abs(negative))
    up = np.sort(height)
    if not len(up):
        return np.zeros(0)
    raw = np.clip(1 - _count_near(down, up) / _count_near(up, up), 0.0, 1.0)
    # running minimum from the top down: one low value limits all fainter peaks
    lowest_above = np.minimum.accumulate(raw[::-1])[::-1]
    return np.asarray(lowest_above[np.searchsorted(up, height)])


def _count_near(heights: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Number of sorted heights within `WITHIN` of each value in `at`."""
    above = np.searchsorted(heights, at - WITHIN, side="left")
    return np.searchsorted(heights, at + WITHIN, side="right") - above
