"""Components added to an explanation of a cube: bright continua, and the lines of a search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.deepfocus.bright_continua import BRIGHT, bright_continua
from deepfocus.finders.deepfocus.clusters import Explained, refitted, with_starts
from deepfocus.finders.deepfocus.explaining import (
    Continua,
    Fitting,
    InBothProfiles,
    Kept,
)
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.slopes import slopes_in
from deepfocus.finders.deepfocus.trust import start_of
from deepfocus.fit.grow import Needed
from deepfocus.fit.in_band import free_lines, started
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    SLOPE,
    X,
    Y,
    free_but,
)
from deepfocus.fit.places import own_continuum, own_line_of
from deepfocus.search.noise_map import NoiseMap, noise_of_sample
from deepfocus.search.peaks import Peak
from deepfocus.search.search import Found

MOST_TURNS = 10
"""Of looking for bright continua in what the brighter ones leave."""
SWEEPS = 1
"""Clusters fitted once more after new ones, for sidelobes link all."""
LEAST_NOISE = 1e-15
"""Jy/beam: below, its square is no number of single precision."""
EMISSION_SIGMA = 1.0
"""Voxels where the model is brighter are not noise."""


def continua_of(sight: Sight) -> tuple[Explained, NoiseMap]:
    """The bright continua, each as a Gaussian without a line: all else hides in their sidelobes.

    And the noise of what they leave. Raises `DeepFocusError` for a cube without noise.
    """
    explained = Explained((), sight.workspace.copy(sight.data))
    noise = sight.noise
    if not np.isfinite(noise.channel).any() or not np.all(noise.channel > LEAST_NOISE):
        raise DeepFocusError(
            "the noise of the cube cannot be measured",
            wanted="values that scatter about zero or a continuum, as an observation's do",
            remedy="add noise to a model cube (deepfocus simulate does)",
        )
    fitting = Continua(BRIGHT**2, slopes_in(sight))
    # what shines in all channels of an image is as likely what is looked for
    for _ in range(0 if is_image(len(sight.data)) else MOST_TURNS):
        starts = bright_continua(explained, noise, sight)
        if not len(starts) or len(explained.components) > sight.most_components:
            break
        free = free_but(len(starts), CHANNEL, SIGMA, FLUX, *GRADIENT, SLOPE)
        explained = with_starts(
            explained, starts, free, sight, noise, fitting, replaced=np.empty(0, int)
        )
        explained = _swept(explained, sight, noise, fitting)
        noise = noise_of(sight, explained, noise)
    return explained, noise


def with_peaks(
    explained: Explained, peaks: list[Peak], found: Found, sight: Sight, needed: Needed
) -> Explained:
    """One Gaussian more for each peak that is needed; the first at a continuum shares its own."""
    searched = found.noise.searched
    starts = started(np.array([start_of(peak, sight.beam_px) for peak in peaks]), searched)
    on_continuum = np.array([found.on_continuum[peak.node[1:]] for peak in peaks])
    known = explained.components
    owned = explained.free[:, CONTINUUM]
    shared = own_line_of(starts, known, ~explained.free[:, FLUX], sight.beam_px)
    together = np.concatenate([known, starts])
    own = own_continuum(together, np.concatenate([owned, shared >= 0]), sight.beam_px)[len(known) :]
    free = free_lines(len(starts), searched)
    free[:, CONTINUUM] = (own & on_continuum) | (shared >= 0)
    starts[~free[:, CONTINUUM], CONTINUUM] = 0.0
    for i in np.flatnonzero(shared >= 0):
        host = known[shared[i]]
        starts[i, [X, Y, *SIZES, CONTINUUM, SLOPE]] = host[[X, Y, *SIZES, CONTINUUM, SLOPE]]
        free[i, SLOPE] = explained.free[shared[i], SLOPE]
    kept = Kept(needed, slopes_in(sight))
    explained = with_starts(
        explained,
        starts,
        free,
        sight,
        found.noise,
        kept if is_image(len(searched)) else InBothProfiles(kept),
        replaced=shared[shared >= 0],
    )
    return _swept(explained, sight, found.noise, kept)


def _swept(explained: Explained, sight: Sight, noise: NoiseMap, fitting: Fitting) -> Explained:
    """Every cluster again with the others subtracted, if there are sidelobes that link them."""
    if len(explained.fits) > 1 and sight.sidelobes.any:
        for _ in range(SWEEPS):
            explained = refitted(explained, sight, noise, fitting)
    return explained


def noise_of(sight: Sight, explained: Explained, before: NoiseMap) -> NoiseMap:
    """Of the residual, but where components stand out of the noise that was known before."""
    if not explained.fits:
        return before
    sample, step = sight.sample, sight.sample.step
    left = sample.of(explained.residual)
    level = EMISSION_SIGMA * before.position[::step, ::step]
    shines = sample.values - left > before.channel[:, None, None] * level
    measured = noise_of_sample(
        replace(sample, values=left), correlated_px=sight.correlated_px, emission=shines
    )
    return replace(measured, between_channels=before.between_channels)
