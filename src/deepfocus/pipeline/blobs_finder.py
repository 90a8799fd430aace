"""Steps 1 to 4: integrate, normalise, Blobs Finder, threshold and boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue_of_rows
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.ops.blobs import Blob, find_blobs
from deepfocus.ops.integrate import integrate
from deepfocus.pipeline.networks import Network
from deepfocus.pipeline.tiles import run_in_tiles


@dataclass(frozen=True)
class BlobsFinderSettings:
    """How the probability map is made and cut.

    threshold : the paper's cut, 0.15
    split_touching : split connected pixels at saddles (the paper does not)
    saddle_depth : by how much the lower peak stands above the saddle, in probability
    min_separation_px : peaks closer than this are not split
    min_area_px : smaller blobs are ignored
    tile_px, overlap_px : images are seen in tiles of the network's size, which overlap
    """

    threshold: float = 0.15
    split_touching: bool = True
    saddle_depth: float = 0.1
    min_separation_px: float = 3.0
    min_area_px: int = 1
    tile_px: int = 256
    overlap_px: int = 64

    def __post_init__(self) -> None:
        if not 0 <= self.overlap_px < self.tile_px:
            raise DeepFocusError(
                f"tiles of {self.tile_px} pixels that overlap by {self.overlap_px}",
                wanted="0 <= overlap_px < tile_px",
                remedy="correct the [blobs_finder] settings",
            )


@dataclass(frozen=True, eq=False)
class SkyMap:
    """Evidence: the integrated dirty cube and the 2D probability map, both (y, x)."""

    integrated: np.ndarray
    probability: np.ndarray


@dataclass(frozen=True)
class BlobsFinder:
    """Cube -> one row a blob: id, x, y, box, probability (the map's peak)."""

    network: Network
    settings: BlobsFinderSettings = BlobsFinderSettings()

    def __call__(self, cube: Cube) -> tuple[Catalogue, SkyMap]:
        integrated = integrate(cube.data)
        probability = self.probability_map(integrated)
        blobs = self.find(probability)
        rows = [_row(number, blob) for number, blob in enumerate(blobs, start=1)]
        return catalogue_of_rows(rows), SkyMap(integrated, probability)

    def probability_map(self, integrated: np.ndarray) -> np.ndarray:
        """(y, x) in [0, 1], 0 where the image has no data."""
        normalised = self.network.normalise(integrated).values
        probability = run_in_tiles(
            self.network.run,
            normalised,
            tile=self.settings.tile_px,
            overlap=self.settings.overlap_px,
        )
        return np.where(np.isfinite(integrated), np.clip(probability, 0, 1), np.float32(0))

    def find(self, probability: np.ndarray) -> list[Blob]:
        """Blobs of a probability map under these settings."""
        cut = self.settings
        return find_blobs(
            probability,
            cut.threshold,
            saddle_depth=cut.saddle_depth if cut.split_touching else None,
            min_separation_px=cut.min_separation_px,
            min_area_px=cut.min_area_px,
        )


def _row(number: int, blob: Blob) -> dict[str, float]:
    return {
        "id": number,
        "x": blob.x,
        "y": blob.y,
        "box_x0": blob.box.x0,
        "box_x1": blob.box.x1,
        "box_y0": blob.box.y0,
        "box_y1": blob.box.y1,
        "probability": blob.peak,
    }
