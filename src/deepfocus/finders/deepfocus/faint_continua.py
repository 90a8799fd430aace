"""Continua that the search saw where there was only a line, bright enough to be seen in the band.

A line of signal-to-noise 300 over 50 of 30,000 channels stands out by 12 in their sum. Fitted, line
and continuum are told apart, and a continuum that is nothing is left out: it would cost the line,
and be drawn in every channel of the cube.
"""

from __future__ import annotations

import numpy as np

from deepfocus.fit.grow import continuum_snr
from deepfocus.fit.parameters import CONTINUUM, FLUX, SLOPE
from deepfocus.fit.solve import Fit, fit_free

FAINT = 2.0
"""Signal-to-noise of a continuum beside its line: half of what the search asks for."""
STEPS = 15


def without_faint_continua(fitted: Fit) -> Fit:
    """With no continuum under lines that have none."""
    of_lines = fitted.free[:, FLUX] & fitted.free[:, CONTINUUM]
    faint = of_lines & (continuum_snr(fitted) < FAINT)
    if not faint.any():
        return fitted
    values, free = fitted.values.copy(), fitted.free.copy()
    columns = np.ix_(faint, [CONTINUUM, SLOPE])
    values[columns], free[columns] = 0.0, False
    return fit_free(fitted.problem, values, free, most_steps=STEPS)
