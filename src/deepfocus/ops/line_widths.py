"""Where a line's spectrum falls to a share of its peak."""

from __future__ import annotations

import numpy as np

AT_HALF, AT_FIFTH = 0.5, 0.2
"""Of the peak, where `line_fwhm` and `line_w20` are measured."""


def crossings(at: np.ndarray, spectrum: np.ndarray, share: float) -> tuple[float, float]:
    """The outermost places (low, high) where a spectrum crosses a share of its peak.

    at : (n,) rising channels; spectrum : (n,) there, straight in between. An end that is above that
    is its own crossing.
    """
    level = share * float(spectrum.max())
    above = np.flatnonzero(spectrum >= level)
    return (
        _crossing(at, spectrum, level, int(above[0]), -1),
        _crossing(at, spectrum, level, int(above[-1]), 1),
    )


def _crossing(at: np.ndarray, spectrum: np.ndarray, level: float, i: int, step: int) -> float:
    j = i + step
    if not 0 <= j < len(at):
        return float(at[i])
    share = (spectrum[i] - level) / (spectrum[i] - spectrum[j])
    return float(at[i] + share * (at[j] - at[i]))
