"""When CLEAN ends, and when a minor cycle does: with tclean's names and defaults."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.cube import Beam
from deepfocus.core.grid import Grid
from deepfocus.imaging.clean.lag_beam import LagBeam, gaussian_beam
from deepfocus.ops.snr import mad_sigma

LOWEST_SHARE, HIGHEST_SHARE = 0.05, 0.8
"""tclean's minpsffraction and maxpsffraction."""


@dataclass(frozen=True)
class Stopping:
    """Of one channel.

    threshold_jy_beam, nsigma : CLEAN ends at the larger of a brightness and so many times the noise
        of the residual
    niter : iterations at most
    cycle_share : of the residual's peak, down to which a minor cycle goes: its errors are those of
        the sidelobes of what it finds
    """

    threshold_jy_beam: float
    nsigma: float
    niter: int
    cycle_share: float

    def threshold(self, residual: np.ndarray) -> float:
        """Where to end, Jy/beam. residual : (pixel,) all of the channel's, masked or not

        The noise is 1.4826 times the median absolute deviation.
        """
        noise = self.nsigma * mad_sigma(residual) if self.nsigma > 0 else 0.0
        return max(self.threshold_jy_beam, noise)


def cycle_share(cyclefactor: float, sidelobe: float) -> float:
    """tclean's cycle threshold over the residual's peak: cyclefactor times the highest sidelobe."""
    return float(np.clip(cyclefactor * sidelobe, LOWEST_SHARE, HIGHEST_SHARE))


def highest_sidelobe(beam: LagBeam, fitted: Beam, grid: Grid) -> float:
    """Of a dirty beam, above or below zero: the largest difference from its fitted Gaussian."""
    known = beam.lags != 0
    return float(np.abs((beam.lags - gaussian_beam(fitted, grid).lags)[known]).max(initial=0.0))
