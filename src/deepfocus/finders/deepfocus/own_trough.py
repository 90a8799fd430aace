"""What a subtraction of continuum took of a line is left as a trough at its place."""

from __future__ import annotations

import numpy as np

from deepfocus.finders.deepfocus.look import Looked
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import SourceFit
from deepfocus.fit.image import spectrum_of
from deepfocus.fit.parameters import CONTINUUM, SLOPE
from deepfocus.fit.places import same_place
from deepfocus.fit.spectra import Sampled
from deepfocus.search.continuum import projection_of


def trough_under(source: SourceFit, looked: Looked, sight: Sight) -> float:
    """Jy, below zero: what was taken of all lines at its place, in the middle of its own."""
    if not sight.taken:
        return 0.0
    components = looked.explained.components
    here = components[same_place(components, source.components[:1], sight.beam_px)].copy()
    here[:, [CONTINUUM, SLOPE]] = 0.0
    sigma = looked.noise.channel
    line = np.sum([spectrum_of(row, Sampled(), len(sigma)) for row in here], axis=0)
    known = np.flatnonzero(looked.noise.searched)
    in_noise = np.zeros((len(sigma), 1))
    in_noise[known, 0] = line[known] / sigma[known]
    taken = projection_of(sigma, sight.taken).of(in_noise) - in_noise
    nearest = known[np.argmin(np.abs(known - source.value("channel")))]
    return float(min(taken[nearest, 0] * sigma[nearest], 0.0))
