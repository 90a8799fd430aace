"""The finder `photutils`: segments above a threshold, deblended, as SExtractor finds them.

Bradley et al., https://photutils.readthedocs.io, doi:10.5281/zenodo.596036. Of an image without
its background it makes a detection image, smoothed with less than the beam, takes connected pixels
above a threshold, splits them at their saddles, and measures centroids and moments of the image.
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
from deepfocus.finders.photutils.segments import Segmentation, sightings_of


@dataclass(frozen=True)
class Photutils:
    """Segments of images, by photutils.

    detection_snr : threshold in the smoothed image, in its noise
    smooth_beams : FWHM of the smoothing, in FWHMs of the beam
    min_beams : smaller segments are dropped, in areas of the beam
    peak_snr : least signal-to-noise of a segment's highest pixel, before smoothing
    contrast : share of a segment's flux that a part must have to be a source of its own
    background_beams : sides of the boxes in which the background is measured, in FWHMs of the beam
    maps : which images of the cube it is run on
    line : how the line of a source is looked for
    """

    kind: ClassVar[str] = "photutils"
    summary: ClassVar[str] = "photutils: deblended segments of images; needs the extra [peers]"

    detection_snr: float = 3.0
    smooth_beams: float = 0.5
    min_beams: float = 0.3
    peak_snr: float = 5.0
    contrast: float = 0.01
    background_beams: float = 10.0
    maps: WholeBand | ChannelMaps = field(default_factory=WholeBand)
    line: LineSearch = field(default_factory=LineSearch)

    def __post_init__(self) -> None:
        positive = (self.detection_snr, self.smooth_beams, self.background_beams)
        if min(positive) <= 0 or not 0 <= self.contrast <= 1:
            raise DeepFocusError(
                f"a threshold of {self.detection_snr:g}, smoothing with {self.smooth_beams:g} and "
                f"a background of {self.background_beams:g} beams, a contrast of {self.contrast:g}",
                wanted="positive numbers, and a contrast from 0 to 1",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyPackage:
        """Look for the package. Raises `DeepFocusError` if it is not there."""
        return ReadyPackage(self, "photutils", require("photutils", package="photutils"))

    def sightings(self, image: np.ndarray, beam: Ellipse) -> list[Sighting]:
        """The segments of an image (y, x)."""
        beam_px = float(np.sqrt(beam.fwhm_x_px * beam.fwhm_y_px))
        segmentation = Segmentation(
            box_px=max(round(self.background_beams * beam_px), 3),
            smooth_px=self.smooth_beams * beam_px,
            threshold=self.detection_snr,
            pixels=max(round(self.min_beams * beam.area_px), 1),
            contrast=self.contrast,
        )
        found = sightings_of(image, beam, segmentation)
        return [each for each in found if each.snr >= self.peak_snr]
