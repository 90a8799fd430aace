"""The strength of a source's sidelobes elsewhere in the image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.ops.boxes import Box
from deepfocus.ops.peaks import smooth


@dataclass(frozen=True, eq=False)
class SpreadBeam:
    """Dirty beam of a round Gaussian source at mid band: (y, x), 1 at [ny // 2, nx // 2]."""

    image: np.ndarray

    def highest_near(self, *, x: float, y: float, reach_px: float) -> float:
        """Highest response within `reach_px`, in x and in y, of an offset (x, y) from the source.

        0 if it is negative, or if that region lies outside the image of the beam.
        """
        at_x, at_y = self.image.shape[1] // 2 + x, self.image.shape[0] // 2 + y
        near = Box(at_x - reach_px, at_x + reach_px, at_y - reach_px, at_y + reach_px)
        part = self.image[near.pixels(*self.image.shape)]
        return float(max(part.max(), 0.0)) if part.size else 0.0


def spread_beam(cube: Cube, fwhm_px: float) -> SpreadBeam | None:
    """The dirty beam of a source of that FWHM; None if the cube's dirty beam is unknown."""
    if cube.psf is None:
        return None
    image = smooth(np.nan_to_num(cube.psf[len(cube.psf) // 2]), fwhm_px)
    centre = image[image.shape[0] // 2, image.shape[1] // 2]
    return SpreadBeam(image / centre) if centre > 0 else None
