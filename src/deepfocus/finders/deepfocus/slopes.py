"""The slope of a continuum: that of a spectral index, and no steeper.

A broad line that an end of the band cuts off is nearly a straight line over the band. Where slopes
are free, it hides in one.
"""

from __future__ import annotations

import numpy as np

from deepfocus.fit.grow import continuum_snr
from deepfocus.fit.parameters import CONTINUUM, SLOPE
from deepfocus.fit.solve import Fit, fit_free

SLOPE_SNR = 20.0
"""Of a continuum: a spectral index of 3 over a tenth of the band's frequency is 0.15 of it."""
STEEPEST = 0.3
"""Of a continuum, at an end of the band: an index of 6 over a tenth of the band's frequency."""
STEPS = 15


def with_slopes(fitted: Fit) -> np.ndarray:
    """(n, 12) what is free, and the slope of a continuum that is known so well that it matters."""
    free = fitted.free.copy()
    free[:, SLOPE] |= continuum_snr(fitted) > SLOPE_SNR
    return free


def levelled(fitted: Fit) -> Fit:
    """With continua that are level where they were steeper than any: what slopes there is a line.

    Chi^2 rises, for the line is still to be found.
    """
    steep = np.abs(fitted.values[:, SLOPE]) > STEEPEST * np.abs(fitted.values[:, CONTINUUM])
    if not steep.any():
        return fitted
    values, free = fitted.values.copy(), fitted.free.copy()
    values[steep, SLOPE], free[steep, SLOPE] = 0.0, False
    return fit_free(fitted.problem, values, free, most_steps=STEPS)
