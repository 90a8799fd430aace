"""Lines centred beyond an end of the band, as far as the data tell that they are.

What the band shows of such a line is a wing, and a broad bright line far away has the same wing as
a narrow faint one near by. The likelihood is level from the end outwards, and a fit goes as far as
it may. Lines are brightest where most of them is seen: at the end, if that explains as much.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.fit.parameters import CHANNEL, FLUX
from deepfocus.fit.solve import Fit, fit_free

TOLD = 1.0
"""Chi^2 that a centre at the end of the band may lose: the fit's own one is within its error."""


def at_the_ends(fitted: Fit) -> Fit:
    """With each line that may be centred at an end of the band centred there.

    Its error is that of a centre that is not known.
    """
    last, free = fitted.problem.channels - 1, fitted.free
    for i in np.flatnonzero(free[:, FLUX] & free[:, CHANNEL]):
        nearest = np.clip(fitted.values[i, CHANNEL], 0, last)
        if nearest != fitted.values[i, CHANNEL]:
            there = _centred(fitted, int(i), float(nearest))
            fitted = there if there.chi2 - fitted.chi2 < TOLD else fitted
    return replace(fitted, free=free)


def _centred(fitted: Fit, i: int, channel: float) -> Fit:
    """With the i-th line centred at a channel."""
    values, free = fitted.values.copy(), fitted.free.copy()
    values[i, CHANNEL], free[i, CHANNEL] = channel, False
    return fit_free(fitted.problem, values, free, signed_sizes=True)
