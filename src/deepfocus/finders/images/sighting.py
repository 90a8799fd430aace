"""A source seen in one image, and what a finder of images is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from deepfocus.core.source import Ellipse
from deepfocus.ops.boxes import Box


@dataclass(frozen=True)
class Sighting:
    """A source in an image.

    x, y : its place, 0-based pixels; snr : its peak over the noise of the image
    box : of its pixels
    shape : without the beam; axes of 0 where it is not resolved, `pa` NaN where only the size is
        known; None if the finder measures no size, and its place is but a pixel
    probability : that it is a source, NaN if the finder gives none
    """

    x: float
    y: float
    snr: float
    box: Box
    shape: Ellipse | None = None
    probability: float = np.nan


class SeesImages(Protocol):
    """A finder of sources in one image."""

    def sightings(self, image: np.ndarray, beam: Ellipse) -> list[Sighting]:
        """The sources of an image (y, x), NaN where blank, in any order.

        beam : at the origin, in pixels
        """
        ...


def box_of_pixels(rows: slice, columns: slice) -> Box:
    """The edges of the pixels of two slices."""
    return Box(columns.start - 0.5, columns.stop - 0.5, rows.start - 0.5, rows.stop - 0.5)
