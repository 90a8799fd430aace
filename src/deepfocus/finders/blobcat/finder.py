"""The finder `blobcat`: BLOBCAT's algorithm on images of a cube.

Hales et al. 2012, MNRAS 425, 979. Flood fill from pixels above a detection threshold down to a
flooding threshold, the peak of a parabola without the bias of the highest of many pixels, the flux
without what the flood leaves out. The paper runs BLOBCAT on the image summed over the band. The
line is then looked for in the spectrum of each blob; its flux is that of the blob in its image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse
from deepfocus.finders.blobcat.blobs import Blob, blob_of, deconvolved_size
from deepfocus.finders.blobcat.islands import Island, islands
from deepfocus.finders.finder import Detection
from deepfocus.finders.images.candidate import LineSearch
from deepfocus.finders.images.finder import find_in_images
from deepfocus.finders.images.maps import ChannelMaps, WholeBand
from deepfocus.finders.images.noise import in_noises
from deepfocus.finders.images.sighting import Sighting, box_of_pixels
from deepfocus.finders.line_measurement import HOLDS, MeasuredLine


@dataclass(frozen=True)
class Blobcat:
    """BLOBCAT's algorithm.

    detection_snr : minimum signal-to-noise of a blob's peak, as fitted and without bias
    flooding_snr : minimum signal-to-noise of its other pixels
    min_pixels : smaller blobs are dropped
    maps : which images of the cube it is run on
    line : how the line of a blob is looked for
    """

    kind: ClassVar[str] = "blobcat"
    summary: ClassVar[str] = (
        "BLOBCAT's algorithm: flood-filled blobs of images, their peaks and fluxes without bias"
    )

    detection_snr: float = 5.0
    flooding_snr: float = 2.6
    min_pixels: int = 5
    maps: WholeBand | ChannelMaps = field(default_factory=WholeBand)
    line: LineSearch = field(default_factory=LineSearch)

    def __post_init__(self) -> None:
        if not 0 < self.flooding_snr <= self.detection_snr:
            raise DeepFocusError(
                f"flooding from {self.detection_snr:g} sigma down to {self.flooding_snr:g} sigma",
                wanted="0 < flooding_snr <= detection_snr",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyBlobcat:
        """Nothing needs to be loaded."""
        return ReadyBlobcat(self)


@dataclass(frozen=True)
class ReadyBlobcat:
    """`Blobcat`, which needs no preparation."""

    settings: Blobcat = field(default_factory=Blobcat)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Empty: the results depend on the settings alone."""
        return {}

    def find(self, cube: Cube) -> Detection:
        """Flood the images, look for lines, flood the image of each.

        Raises `DeepFocusError` for a cube without data, of fewer than eight channels, or without a
        beam.
        """
        return find_in_images(
            cube,
            kind=self.settings.kind,
            finder=self,
            maps=self.settings.maps,
            line=self.settings.line,
            photometry=self.in_line_image,
        )

    def sightings(self, image: np.ndarray, beam: Ellipse) -> list[Sighting]:
        """The blobs of an image (y, x)."""
        return [
            Sighting(
                x=blob.x,
                y=blob.y,
                snr=blob.peak,
                box=box_of_pixels(island.rows, island.columns),
                shape=deconvolved_size(blob, beam),
            )
            for island, blob in self.blobs(in_noises(image), beam)
        ]

    def blobs(self, snr: np.ndarray, beam: Ellipse) -> list[tuple[Island, Blob]]:
        """The islands of an image in units of its noise, each with what is measured of it."""
        floor, least = self.settings.flooding_snr, self.settings.detection_snr
        # the parabola is higher than its pixel: its seed may lie below the threshold
        flooded = islands(snr, detection=floor, flooding=floor)
        measured = [
            (island, blob_of(island, snr, beam, flooding=floor))
            for island in flooded
            if np.count_nonzero(island.mask) >= self.settings.min_pixels
        ]
        return [each for each in measured if each[1].peak >= least]

    def in_line_image(self, measured: MeasuredLine, beam: Ellipse, noise: float) -> MeasuredLine:
        """The line with the flux of its blob in its image; as it was where there is no such blob.

        noise : of that image
        """
        if noise <= 0:
            return measured
        x, y = measured.source.x - measured.window.x0, measured.source.y - measured.window.y0
        for island, blob in self.blobs(measured.image / noise, beam):
            if box_of_pixels(island.rows, island.columns).contains(x, y):
                jy_chan = blob.flux * noise / beam.area_px / HOLDS
                line_jy = jy_chan / (measured.source.fwhm_chan * GAUSSIAN_AREA)
                return replace(measured, source=replace(measured.source, line_jy=line_jy))
        return measured
