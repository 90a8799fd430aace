"""A finder that knows only the brightest voxel, and a small set for it to search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.finder import Detection, ReadyFinder
from deepfocus.instrument.observation import Observation
from deepfocus.simulation.settings import Noise, SetSettings
from deepfocus.sky.population import PaperPopulation

SETTINGS = SetSettings(
    observation=Observation(size=64, channels=32),
    population=PaperPopulation(companions=(1, 1), sigma_px=(2.0, 2.5), offset_px=(-15.0, 15.0)),
    noise=Noise(kind="white", target_snr=(50.0, 50.0)),
)
"""Two sources a cube; the line of the brighter stands 50 sigma above the noise."""


@dataclass(frozen=True)
class Brightest:
    """A finder of one source; `shift_px` sets it wrong."""

    kind: ClassVar[str] = "brightest"
    summary: ClassVar[str] = "the brightest voxel"

    shift_px: float = 0.0

    def ready(self) -> ReadyFinder:
        return ReadyBrightest(self.shift_px)


@dataclass(frozen=True)
class ReadyBrightest:
    shift_px: float
    provenance: ClassVar[dict[str, str]] = {}

    def find(self, cube: Cube) -> Detection:
        """One candidate in the image, then one in the cube."""
        line = cube.data - np.median(cube.data, axis=0)
        channel, y, x = np.unravel_index(np.argmax(line), line.shape)
        x = x + self.shift_px
        found = catalogue(x=[x], y=[y], channel=[channel])
        return Detection(found, {"blobs_finder": catalogue(x=[x], y=[y]), "focusing": found})


@dataclass(frozen=True)
class Choosy:
    """A finder that refuses every cube."""

    kind: ClassVar[str] = "choosy"
    summary: ClassVar[str] = "none is good enough"
    provenance: ClassVar[dict[str, str]] = {}

    def ready(self) -> ReadyFinder:
        return self

    def find(self, cube: Cube) -> Detection:
        raise DeepFocusError("a cube", wanted="a better one", remedy="look for it")
