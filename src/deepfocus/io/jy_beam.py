"""What turns an image's values into Jy/beam: blanks that are written as numbers, and factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.voxels import ReadByParts, Voxels
from deepfocus.io.blanks import Blanks


@dataclass(frozen=True, eq=False)
class Conversion:
    """factors : (chan,) of the unit, after the blanks are erased"""

    blanks: Blanks
    factors: np.ndarray

    def apply(self, block: np.ndarray, channels: slice, rows: slice, columns: slice) -> None:
        """Convert a part of the image that is in memory.

        block : (chan, y, x) float32, changed in place; the slices tell which part it is
        """
        self.blanks.erase_from(block, channels, rows, columns)
        factors = self.factors[channels].astype(np.float32)
        if np.any(factors != 1):
            block *= factors[:, None, None]


@dataclass(frozen=True, eq=False)
class ConvertedVoxels(ReadByParts):
    """An image whose parts are converted as they are read.

    image : gives arrays of its own
    """

    image: ReadByParts
    conversion: Conversion
    shape: tuple[int, int, int]

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        block = self.image[channels, rows, columns]
        self.conversion.apply(block, channels, rows, columns)
        return block


def converted(voxels: Voxels, conversion: Conversion) -> Voxels:
    """The voxels in Jy/beam. An array is converted in place."""
    if isinstance(voxels, ReadByParts):
        return ConvertedVoxels(voxels, conversion, voxels.shape)
    whole = slice(None)
    for channel in range(len(voxels)):
        one = slice(channel, channel + 1)
        conversion.apply(voxels[one], one, whole, whole)
    return voxels
