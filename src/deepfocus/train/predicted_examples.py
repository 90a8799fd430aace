"""Examples cut from the output of earlier networks, so that each learns to cope with their errors.

The finder itself is run on simulated cubes. Its boxes, positions and channel ranges are used as
they are, and each is matched to the truth (section 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.catalogue import Catalogue
from deepfocus.finders.six_networks.candidate import Candidate, accepted
from deepfocus.finders.six_networks.fluxes import masked_image
from deepfocus.finders.slim.finder import ReadySlim, Slim
from deepfocus.simulation.cube import simulate
from deepfocus.train.simulated_examples import SkySettings
from deepfocus.train.source_examples import (
    example_of,
    half_precision,
    image_arrays,
    spectra_examples,
)

MATCH_PX = 4.0  # slightly wider than the paper's 3 px: near misses are instructive too


@dataclass(frozen=True)
class PredictedBoxes:
    """Spectra of the boxes that Blobs Finder finds, and the true lines in them."""

    sky: SkySettings
    finder: Slim

    def __call__(self, seed: int) -> NamedArrays:
        made = simulate(self.sky.of(seed), seed)
        blobs = ready(self.finder).find_blobs(made.cube).blobs
        return half_precision(spectra_examples(made, [each.blob.box for each in blobs]))


@dataclass(frozen=True)
class PredictedImages:
    """Focused and masked images of the accepted candidates that are true sources."""

    sky: SkySettings
    finder: Slim

    def __call__(self, seed: int) -> NamedArrays:
        made = simulate(self.sky.of(seed), seed)
        finder = ready(self.finder)
        rows = []
        for each in accepted(finder.accepted_shapes(made.cube)):
            i = matching_truth(each, made.truth)
            if i is not None:
                assert each.focused is not None
                masked = masked_image(finder.networks.flux.input, made.cube, each)
                rows.append(example_of(made, i, focused=each.focused, masked=masked))
        return half_precision(image_arrays(rows))


def matching_truth(candidate: Candidate, truth: Catalogue) -> int | None:
    """Row of the nearest true source within `MATCH_PX` and its line's FWHM, or None."""
    distance = np.hypot(truth["x"] - candidate.x, truth["y"] - candidate.y)
    off_line = np.abs(truth["channel"] - candidate.channel) >= truth["line_fwhm_chan"]
    distance[off_line] = np.inf
    if not len(distance):
        return None
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] < MATCH_PX else None


@lru_cache(maxsize=1)
def ready(finder: Slim) -> ReadySlim:
    """The finder, made ready once per process."""
    return finder.ready()
