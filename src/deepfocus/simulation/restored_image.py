"""What one filter sees of a source in a cleaned image; sets scale their cleaned sources by it.

The filter weights all scales alike that were observed (`forward.kernels.cleaned_kernels`). It is
not the best there is: it sees 0.86 to 0.96 of what the visibilities tell with natural weights, less
with others. Truth and limits are those of the visibilities; a set's sources are scaled by this, as
they have been since its first seeds, so that its cubes stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core import noise
from deepfocus.core.kept import kept
from deepfocus.forward.kernels import Kernels, cleaned_kernels
from deepfocus.forward.response import beam_image
from deepfocus.instrument.telescope import Telescope
from deepfocus.simulation.sights import Sights, white_sights

TAPER_BEAMS = 6.0
"""Lag, in FWHM of the beam, at which the autocorrelation of a cleaned image's noise is cut off: its
power is then as smooth as one measured in the line-free channels of a cube."""


@dataclass(frozen=True, eq=False)
class RestoredImage:
    """telescope : with the restoring beam; dirty : with the dirty beam."""

    telescope: Telescope
    dirty: Telescope

    def sights(self, power: noise.Power, node: int, *, x: float, y: float, reach: int) -> Sights:
        """Those of the filter, as if the beam were one and the same everywhere."""
        if isinstance(power, noise.White):
            return white_sights(self.telescope, node, x=x, y=y, reach=reach)
        return [(self.telescope.primary_beam[node], _filtered(self.dirty).within(reach))]


@kept(lambda telescope: telescope.size)
def _filtered(telescope: Telescope) -> Kernels:
    """At mid band, and at all lags: the restoring beam is the same in all channels."""
    n = telescope.size
    dy, dx = np.indices((n, n)) - n // 2
    lag = np.hypot(dy, dx) / min(
        TAPER_BEAMS * telescope.beam.fwhm_px(telescope.grid.cell_arcsec), n / 2
    )
    taper = np.clip(1 - lag**4, 0.0, None) ** 2
    return cleaned_kernels(
        beam_image(telescope.beam, telescope.grid),
        telescope.beam_of_squared_weights() * taper,
        reach=n - 1,
    )
