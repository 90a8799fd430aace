"""The slope of a continuum: that of a spectral index, and no steeper, unless a line was subtracted.

A broad line that an end of the band cuts off is nearly a straight line over the band. Where slopes
are free, it hides in one. But where a straight line was subtracted from all spectra, what it took
of a line is left as another one, of any slope, and none of its own continuum is.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.fit.grow import continuum_snr
from deepfocus.fit.parameters import CONTINUUM, SLOPE
from deepfocus.fit.solve import Fit, fit_free

SLOPE_SNR = 20.0
"""Of a continuum: a spectral index of 3 over a tenth of the band's frequency is 0.15 of it."""
STEEPEST = 0.3
"""Of a continuum, at an end of the band: an index of 6 over a tenth of the band's frequency."""
STEPS = 15


class Slopes(Protocol):
    """Which slopes continua may have."""

    def free(self, fitted: Fit) -> np.ndarray:
        """(n, 12) what is free, and the slopes."""

    def allowed(self, fitted: Fit) -> Fit:
        """The fit again without slopes that no continuum has."""

    def measured(self, free: np.ndarray) -> np.ndarray:
        """(n, 12) what is free in the end, and the slopes; free : with a continuum at each place"""


class OfSpectralIndices:
    """Of continua that are known so well that their slope matters."""

    def free(self, fitted: Fit) -> np.ndarray:
        """Those of bright continua."""
        free = fitted.free.copy()
        free[:, SLOPE] |= continuum_snr(fitted) > SLOPE_SNR
        return free

    def allowed(self, fitted: Fit) -> Fit:
        """With continua that are level where they were steeper than any: what slopes is a line.

        Chi^2 rises, for the line is still to be found.
        """
        steep = np.abs(fitted.values[:, SLOPE]) > STEEPEST * np.abs(fitted.values[:, CONTINUUM])
        if not steep.any():
            return fitted
        values, free = fitted.values.copy(), fitted.free.copy()
        values[steep, SLOPE], free[steep, SLOPE] = 0.0, False
        return fit_free(fitted.problem, values, free, most_steps=STEPS)

    def measured(self, free: np.ndarray) -> np.ndarray:
        """As before."""
        return free


class OfStraightLines:
    """Of what a subtraction of straight lines left: any."""

    def free(self, fitted: Fit) -> np.ndarray:
        """Those of all continua."""
        return self.measured(fitted.free)

    def allowed(self, fitted: Fit) -> Fit:
        """As it is."""
        return fitted

    def measured(self, free: np.ndarray) -> np.ndarray:
        """Those of all continua."""
        free = free.copy()
        free[:, SLOPE] |= free[:, CONTINUUM]
        return free


def slopes_in(sight: Sight) -> Slopes:
    """By what was subtracted from the spectra."""
    return OfStraightLines() if sight.taken > 1 else OfSpectralIndices()
