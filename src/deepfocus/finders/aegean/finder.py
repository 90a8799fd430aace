"""The finder `aegean`: Aegean on images of a cube.

Hancock et al. 2012, MNRAS 422, 1812, and 2018, PASA 35, e011. It measures background and rms
(BANE), floods islands, takes the summits of each by the curvature of the image, and fits them
together with Gaussians, for noise that is correlated like the beam. Noise that is independent in
every pixel makes a summit of each: images are smoothed beforehand, by a share of the beam.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Ellipse
from deepfocus.finders.aegean.program import sightings_of
from deepfocus.finders.images.candidate import LineSearch
from deepfocus.finders.images.extra import ReadyPackage, require
from deepfocus.finders.images.maps import ChannelMaps, WholeBand
from deepfocus.finders.images.sighting import Sighting


@dataclass(frozen=True)
class Aegean:
    """Aegean.

    seed_clip : least signal-to-noise of an island's peak
    flood_clip : least signal-to-noise of its other pixels
    max_summits : most components that are fitted to an island
    smooth_beams : FWHM of a Gaussian that the image is smoothed with, in FWHMs of the beam
    maps : which images of the cube it is run on
    line : how the line of a source is looked for
    """

    kind: ClassVar[str] = "aegean"
    summary: ClassVar[str] = "Aegean: Gaussians at summits of images; needs the extra [peers]"

    seed_clip: float = 5.0
    flood_clip: float = 4.0
    max_summits: int = 5
    smooth_beams: float = 0.5
    maps: WholeBand | ChannelMaps = field(default_factory=WholeBand)
    line: LineSearch = field(default_factory=LineSearch)

    def __post_init__(self) -> None:
        if not 0 < self.flood_clip <= self.seed_clip or self.smooth_beams < 0:
            raise DeepFocusError(
                f"islands from {self.seed_clip:g} down to {self.flood_clip:g} sigma, smoothed with "
                f"{self.smooth_beams:g} beams",
                wanted="0 < flood_clip <= seed_clip, and no negative smoothing",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyPackage:
        """Look for the package. Raises `DeepFocusError` if it is not there."""
        return ReadyPackage(self, "AegeanTools", require("AegeanTools", package="AegeanTools"))

    def sightings(self, image: np.ndarray, beam: Ellipse) -> list[Sighting]:
        """Aegean's components of an image (y, x)."""
        return sightings_of(
            image,
            beam,
            seed_clip=self.seed_clip,
            flood_clip=self.flood_clip,
            max_summits=self.max_summits,
            smooth_px=self.smooth_beams * float(np.sqrt(beam.fwhm_x_px * beam.fwhm_y_px)),
        )
