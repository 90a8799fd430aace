"""Examples made of what the networks before find, so that each learns to live with their errors.

The pipeline itself is run on simulated cubes: its boxes, positions and channel ranges are used
as they come, and the truth is looked up for each (section 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.ops.boxes import Box
from deepfocus.pipeline.blobs_finder import BlobsFinder
from deepfocus.pipeline.deep_gru import box_of_row
from deepfocus.pipeline.deepfocus import DeepFocus
from deepfocus.simulate.cube import simulate
from deepfocus.train.makers import SkySettings, half_precision
from deepfocus.train.source_examples import image_arrays, spectra_examples, targets_of
from deepfocus.weights.load import load_network, load_networks

MATCH_PX = 4.0  # a little wider than the 3 px of the evaluation: near misses teach as well

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class PredictedBoxes:
    """Spectra of the boxes that Blobs Finder finds, and what is truly in them."""

    sky: SkySettings
    weights: Path

    def __call__(self, seed: int) -> Arrays:
        made = simulate(self.sky.of(seed), seed)
        blobs, _ = _blobs_finder(self.weights)(made.cube)
        boxes: list[Box] = [box_of_row(row) for row in blobs.table]
        return half_precision(spectra_examples(made, boxes))


@dataclass(frozen=True)
class PredictedImages:
    """Focused and masked images of the accepted candidates that are true sources."""

    sky: SkySettings
    weights: Path

    def __call__(self, seed: int) -> Arrays:
        made = simulate(self.sky.of(seed), seed)
        finder, cube = _finder(self.weights), made.cube
        blobs, sky = finder.find_blobs(cube)
        lines, spectra = finder.find_lines(cube, blobs)
        focused = finder.focus(cube, lines, integrated=sky.integrated, spectra=spectra)
        sources = finder.compare(cube, focused, blobs=blobs, spectra=spectra)
        shaped, images = finder.measure_shape(cube, sources, spectra=spectra)
        rows = []
        for row in shaped.accepted.table:
            i = matching_truth(row, made.truth)
            if i is not None:
                spectrum = spectra[int(row["parent_id"] or row["id"])]
                masked = finder.measure_flux.line_emission_image(cube, row, spectrum)
                rows.append(targets_of(made, i, focused=images[int(row["id"])], masked=masked))
        return half_precision(image_arrays(rows))


def matching_truth(row: Any, truth: Catalogue) -> int | None:
    """The true source nearest to a row within `MATCH_PX` and its line's FWHM, if any."""
    distance = np.hypot(truth["x"] - row["x"], truth["y"] - row["y"])
    off_line = np.abs(truth["channel"] - row["channel"]) >= truth["line_fwhm_chan"]
    distance[off_line] = np.inf
    nearest = int(np.argmin(distance))
    return nearest if distance[nearest] < MATCH_PX else None


@lru_cache(maxsize=1)
def _blobs_finder(weights: Path) -> BlobsFinder:
    return BlobsFinder(load_network(weights, "blobs_finder"))


@lru_cache(maxsize=1)
def _finder(weights: Path) -> DeepFocus:
    return DeepFocus(load_networks(weights))
