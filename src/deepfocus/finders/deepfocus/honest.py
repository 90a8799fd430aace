"""What a fit is worth: errors larger than its own, and the flux that its model leaves.

A fit takes its own brightness for the true one. With k free numbers it gains k more chi^2 than the
source has, on average, so that faint sources look brighter and better known than they are. And its
errors are those of the right model, which a few Gaussians are not for a galaxy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.finders.deepfocus.correlated import correlated_noise
from deepfocus.finders.deepfocus.galaxy_errors import flux_variance, with_model_errors
from deepfocus.finders.deepfocus.galaxy_lines import with_widths_of_its_shape
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.samples import within
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SUMMARY, SourceFit
from deepfocus.search.mask import CorrelatedNoise, Slices

SHINES = 1.5
"""Signal-to-noise of the model in a voxel, from which on its residual tells whether it is right."""
LEAST_SHARE = 0.25
"""Of chi^2 that noise leaves to a source at least: fainter ones would not have been found."""
LEAST_SEEN = 0.05
"""Of a primary beam: where it is lower, nothing is divided by it."""
IN_FLUX = SUMMARY.index("flux")
LINEAR = [IN_FLUX, SUMMARY.index("continuum")]
"""Of the summary: the model is in proportion to them."""
CORRELATED_BEAMS = 1.133 / 2
"""Voxels of correlated noise that are as good as one, in squares of the beam's FWHM: for squares of
values, which are correlated over half of the area."""


def honest(source: SourceFit, sight: Sight, looked: Looked) -> SourceFit:
    """The source with what its model leaves, and errors that say so."""
    source = with_widths_of_its_shape(source)
    shining = _shining(source, sight, looked)
    checked = with_honest_errors(source, misfit(shining, sight))
    if not source.is_a_galaxy:
        return checked
    checked = with_model_errors(checked)
    # the sum over a dirty beam with its sidelobes is no flux
    if sight.sidelobes.any or not shining.where.any():
        return checked
    noise = correlated_noise(sight, looked.noise).within(shining.box)
    return _with_what_is_left(checked, shining, noise, sight)


def with_honest_errors(source: SourceFit, wrong: float) -> SourceFit:
    """With a covariance as large as what was fitted to noise, and a misfit, ask.

    A flux is linear: its error is that of the model, as bright as the source is. Errors of place,
    shape and line are that to first order alone, and grow once more by as much.
    """
    fitted_to_noise = source.freedom / max(source.gain, 1e-9)
    linear, curved = (max(1 - k * fitted_to_noise, LEAST_SHARE) for k in (1, 2))
    share = np.full(len(source.covariance), curved)
    share[LINEAR] = linear
    covariance = source.covariance * wrong**2 / np.sqrt(np.outer(share, share))
    return replace(source, covariance=covariance, misfit=wrong)


def misfit(shining: Shining, sight: Sight) -> float:
    """Reduced chi^2 where a source shines, less what noise may add to it; 1 at least."""
    ratio = shining.ratio
    independent = ratio.size / max(1.0, CORRELATED_BEAMS * sight.correlated_px**2)
    if independent < 1:
        return 1.0
    chance = np.sqrt(2 / independent)
    return max(1.0, float(np.mean(ratio**2)) - float(chance))


@dataclass(frozen=True, eq=False)
class Shining:
    """Voxels in which a source's model stands out.

    box : slices (chan, y, x) of the cube around it; where : (chan, y, x) bool, of the box
    left : (n,) Jy/beam that the model leaves there; ratio : to the noise
    """

    box: Slices
    where: np.ndarray
    left: np.ndarray
    ratio: np.ndarray


def _shining(source: SourceFit, sight: Sight, looked: Looked) -> Shining:
    around = _around(source, sight)
    left = looked.explained.residual[around]
    model = sight.data[around] - left
    noise = looked.noise.channel[around[0], None, None] * looked.noise.position[around[1:]]
    shines = (model > SHINES * noise) & np.isfinite(left) & np.isfinite(noise)
    return Shining(around, shines, left[shines], left[shines] / noise[shines])


def _with_what_is_left(
    source: SourceFit, shining: Shining, noise: CorrelatedNoise, sight: Sight
) -> SourceFit:
    """With the sum of what its model leaves, which a restored cube shows in areas of its beam.

    Then its flux is that in an aperture, and known no better. noise : of the box
    """
    seen = sight.response.seen_at(**source.place)
    area = float(sight.sidelobes.beam.sum(dtype=float)) * max(seen, LEAST_SEEN)
    summary, covariance = source.summary.copy(), source.covariance.copy()
    summary[IN_FLUX] += shining.left.sum(dtype=float) / area
    in_aperture = (noise.error(shining.where) / area) ** 2
    covariance[IN_FLUX, IN_FLUX] = max(
        covariance[IN_FLUX, IN_FLUX], in_aperture + flux_variance(source)
    )
    return replace(source, summary=summary, covariance=covariance)


def _around(source: SourceFit, sight: Sight) -> Slices:
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
