"""The finder `pybdsf`: PyBDSF on images of a cube.

Mohan & Rafferty 2015, ASCL 1502.007; https://pybdsf.readthedocs.io. It measures background and rms
in boxes, floods islands, fits Gaussians to each, and groups them into sources, whose sizes it
deconvolves from the beam.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Ellipse
from deepfocus.finders.images.candidate import LineSearch
from deepfocus.finders.images.extra import ReadyPackage, require
from deepfocus.finders.images.maps import ChannelMaps, WholeBand
from deepfocus.finders.images.sighting import Sighting
from deepfocus.finders.pybdsf.program import sightings_of


@dataclass(frozen=True)
class Pybdsf:
    """PyBDSF; names of its own parameters are kept.

    thresh_pix : least signal-to-noise of an island's peak
    thresh_isl : least signal-to-noise of its other pixels
    maps : which images of the cube it is run on
    line : how the line of a source is looked for
    """

    kind: ClassVar[str] = "pybdsf"
    summary: ClassVar[str] = "PyBDSF: Gaussians in islands of images; needs the extra [peers]"

    thresh_pix: float = 5.0
    thresh_isl: float = 3.0
    maps: WholeBand | ChannelMaps = field(default_factory=WholeBand)
    line: LineSearch = field(default_factory=LineSearch)

    def __post_init__(self) -> None:
        if not 0 < self.thresh_isl <= self.thresh_pix:
            raise DeepFocusError(
                f"islands from {self.thresh_pix:g} down to {self.thresh_isl:g} sigma",
                wanted="0 < thresh_isl <= thresh_pix",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyPackage:
        """Look for the package. Raises `DeepFocusError` if it is not there."""
        return ReadyPackage(self, "bdsf", require("bdsf", package="bdsf"))

    def sightings(self, image: np.ndarray, beam: Ellipse) -> list[Sighting]:
        """PyBDSF's sources of an image (y, x)."""
        return sightings_of(image, beam, thresh_pix=self.thresh_pix, thresh_isl=self.thresh_isl)
