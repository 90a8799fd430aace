"""Steps 1 to 4: integrate, normalise, Blobs Finder, threshold and boxes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.finders.six_networks.candidate import NumberedBlob
from deepfocus.ops.blobs import Blob, Connected, Saddles, find_blobs
from deepfocus.ops.inputs import IntegratedImage
from deepfocus.ops.integrate import integrate
from deepfocus.ops.targets import ProbabilityMap
from deepfocus.ops.tiles import run_in_tiles
from deepfocus.weights.six import Trained


@dataclass(frozen=True)
class BlobSettings:
    """How the probability map is cut.

    threshold : the paper's, 0.15
    split : how pixels above it become blobs
    min_area_px : smaller blobs are ignored
    """

    threshold: float = 0.15
    split: Saddles | Connected = field(default_factory=Saddles)
    min_area_px: int = 1


@dataclass(frozen=True, eq=False)
class SkyMap:
    """The integrated dirty cube and the probability map, both (y, x), and the map's blobs."""

    integrated: np.ndarray
    probability: np.ndarray
    blobs: tuple[NumberedBlob, ...]


@dataclass(frozen=True, eq=False)
class FindBlobs:
    """Cube -> map and blobs."""

    network: Trained[IntegratedImage, ProbabilityMap]
    settings: BlobSettings = BlobSettings()

    def __call__(self, cube: Cube) -> SkyMap:
        integrated = integrate(cube.array)
        probability = self.probability_map(integrated)
        blobs = enumerate(self.find(probability), start=1)
        return SkyMap(integrated, probability, tuple(NumberedBlob(*each) for each in blobs))

    def probability_map(self, integrated: np.ndarray) -> np.ndarray:
        """(y, x) in [0, 1], 0 where the image has no data."""
        sees = self.network.input
        output = run_in_tiles(
            self.network.run,
            sees.encode(integrated).values,
            tile=sees.tile_px,
            overlap=sees.overlap_px,
        )
        probability = self.network.target.decode(output)
        return np.where(np.isfinite(integrated), probability, np.float32(0))

    def find(self, probability: np.ndarray) -> list[Blob]:
        """Blobs of a probability map under these settings."""
        cut = self.settings
        return find_blobs(probability, cut.threshold, split=cut.split, min_area_px=cut.min_area_px)
