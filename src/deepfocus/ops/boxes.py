"""Two-dimensional boxes: the box of a source, overlaps, blendness (Eq 22).

A box is given by pixel edges: a single pixel at (x, y) has the box x - 0.5 to x + 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepfocus.core.source import Ellipse

BOX_FRACTION = 0.15
"""A source's box contains its unconvolved image above this fraction of the peak, the level at
which Blobs Finder's map is cut."""


@dataclass(frozen=True)
class Box:
    """Edges in 0-based pixels: x0 <= x <= x1, y0 <= y <= y1."""

    x0: float
    x1: float
    y0: float
    y1: float

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def area(self) -> float:
        """Square pixels."""
        return max(self.x1 - self.x0, 0.0) * max(self.y1 - self.y0, 0.0)

    def pixels(self, ny: int, nx: int) -> tuple[slice, slice]:
        """(rows, columns) of the pixels whose centre is inside, clipped to the image.

        If the box contains no pixel centre, it has the pixel nearest to its middle.
        """
        return _pixels(self.y0, self.y1, ny), _pixels(self.x0, self.x1, nx)

    def contains(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Whether (x, y) is inside the box grown by `margin` pixels."""
        return (
            self.x0 - margin <= x <= self.x1 + margin and self.y0 - margin <= y <= self.y1 + margin
        )

    def shifted(self, *, x: float, y: float) -> Box:
        """The box moved by (x, y)."""
        return Box(self.x0 + x, self.x1 + x, self.y0 + y, self.y1 + y)


def _pixels(low: float, high: float, n: int) -> slice:
    first, last = int(np.ceil(low)), int(np.floor(high))
    if last < first:
        first = last = int(np.floor((low + high) / 2 + 0.5))
    return slice(min(max(first, 0), n), min(max(last + 1, 0), n))


def source_box(ellipse: Ellipse, fraction: float = BOX_FRACTION) -> Box:
    """Box around the ellipse where an elliptical Gaussian exceeds `fraction` of its peak."""
    scale = np.sqrt(np.log2(1 / fraction)) / 2  # semi-axis at that level, in FWHM
    a, b = scale * ellipse.fwhm_x_px, scale * ellipse.fwhm_y_px
    angle = np.deg2rad(ellipse.pa % 90.0)
    half_x = float(np.hypot(a * np.sin(angle), b * np.cos(angle)))
    half_y = float(np.hypot(a * np.cos(angle), b * np.sin(angle)))
    x, y = ellipse.x, ellipse.y
    return Box(x - half_x, x + half_x, y - half_y, y + half_y)


def iou_2d(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    common = max(width, 0.0) * max(height, 0.0)
    union = a.area + b.area - common
    return common / union if union > 0 else 0.0


def blendness(boxes: Sequence[Box]) -> np.ndarray:
    """Highest overlap of each box with any other (Eq 22); 0 for a box on its own."""
    return np.array(
        [
            max((iou_2d(a, b) for j, b in enumerate(boxes) if j != i), default=0.0)
            for i, a in enumerate(boxes)
        ]
    )
