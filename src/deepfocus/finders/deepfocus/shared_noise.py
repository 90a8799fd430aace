"""What a subtraction of continuum does to a source: its trough, and noise that its channels share.

The last fit has a continuum of any slope at the place of each source, which takes up both there.
What the noise that channels share does beside a place, it does not: it moves and widens a source.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sources import PLACE, SHAPE, SourceFit
from deepfocus.fit.image import spectrum_of
from deepfocus.fit.parameters import CONTINUUM, SLOPE
from deepfocus.fit.places import same_place
from deepfocus.fit.spectra import Sampled
from deepfocus.search.noise_map import NoiseMap


def with_shared_noise(source: SourceFit, noise: NoiseMap) -> SourceFit:
    """With errors of place and shape, and of all that depends on these, of noise that is shared.

    That of a line's channels is `excess` times as much as they have alone.
    """
    if noise.subtracted is None:
        return source
    line = source.value("fwhm_chan") / FWHM_PER_SIGMA, source.value("channel")
    of_channels = replace(noise, subtracted=None).excess(*line)
    more = noise.excess(*line) / of_channels - 1
    beside = source.covariance[:, PLACE + SHAPE]
    own = np.linalg.pinv(beside[PLACE + SHAPE], hermitian=True)
    return replace(source, covariance=source.covariance + more * beside @ own @ beside.T)


def trough_under(source: SourceFit, looked: Looked, beam_px: float) -> float:
    """Jy, below zero: what was subtracted of all lines at its place, in the middle of its own."""
    noise = looked.noise
    if noise.subtracted is None:
        return 0.0
    components = looked.explained.components
    here = components[same_place(components, source.components[:1], beam_px)].copy()
    here[:, [CONTINUUM, SLOPE]] = 0.0
    channels = len(noise.channel)
    line = np.sum([spectrum_of(row, Sampled(), channels) for row in here], axis=0)
    in_noise = np.where(noise.searched, line / noise.channel, 0.0)[:, None]
    taken = (noise.subtracted.of(in_noise) - in_noise)[:, 0] * noise.channel
    known = np.flatnonzero(noise.searched)
    nearest = known[np.argmin(np.abs(known - source.value("channel")))]
    return float(min(taken[nearest], 0.0))
