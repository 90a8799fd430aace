"""Errors as they are: larger than the fit says where it took noise for light, or is no good model.

A fit takes its own brightness for the true one. With k free numbers it gains k more chi^2 than the
source has, on average, so that faint sources look brighter and better known than they are. And its
errors are those of the right model, which a few Gaussians are not for a galaxy.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SUMMARY, SourceFit
from deepfocus.finders.deepfocus.table import within

SHINES = 1.5
"""Signal-to-noise of the model in a voxel, from which on its residual tells whether it is right."""
LEAST_SHARE = 0.25
"""Of chi^2 that noise leaves to a source at least: fainter ones would not have been found."""
MODEL_SHARE = 0.04
"""Of the flux: what a few Gaussians are wrong by for a galaxy, even where they explain all."""
CORRELATED_BEAMS = 1.133 / 2
"""Voxels of correlated noise that are as good as one, in squares of the beam's FWHM: for squares of
values, which are correlated over half of the area."""


def with_honest_errors(source: SourceFit, sight: Sight, looked: Looked) -> SourceFit:
    """The source with its covariance as large as what was fitted to noise, and the misfit, ask."""
    share = max(1 - source.freedom / max(source.gain, 1e-9), LEAST_SHARE)
    covariance = source.covariance * misfit(source, sight, looked) ** 2 / share
    if len(source.components) > 1 or source.moves:
        flux = SUMMARY.index("flux")
        covariance[flux, flux] += (MODEL_SHARE * source.value("flux")) ** 2
    return replace(source, covariance=covariance)


def misfit(source: SourceFit, sight: Sight, looked: Looked) -> float:
    """Reduced chi^2 where the source shines, less what noise may add to it; 1 at least."""
    around = _around(source, sight)
    left = looked.explained.residual[around]
    model = sight.data[around] - left
    noise = looked.noise.channel[around[0], None, None] * looked.noise.position[around[1:]]
    shines = model > SHINES * noise
    ratio = (left / noise)[shines]
    ratio = ratio[np.isfinite(ratio)]
    independent = ratio.size / max(1.0, CORRELATED_BEAMS * sight.correlated_px**2)
    if independent < 1:
        return 1.0
    chance = np.sqrt(2 / independent)
    return max(1.0, float(np.mean(ratio**2)) - float(chance))


def _around(source: SourceFit, sight: Sight) -> tuple[slice, slice, slice]:
    """Channels, rows and columns within a FWHM of it."""
    ellipse = source.ellipse
    reach = float(np.hypot(sight.beam_px, max(ellipse.fwhm_x_px, ellipse.fwhm_y_px)))
    centres = source.value("channel"), ellipse.y, ellipse.x
    reaches = source.value("fwhm_chan"), reach, reach
    channels, rows, columns = (
        within(centre - half, centre + half + 1, n)
        for centre, half, n in zip(centres, reaches, sight.data.shape, strict=True)
    )
    return channels, rows, columns
