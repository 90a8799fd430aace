"""The image of an open FITS file as voxels (chan, y, x) that are read part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.voxels import ReadByParts
from deepfocus.io.fits_axes import Axes
from deepfocus.io.fits_scale import Scale
from deepfocus.io.stored_numbers import StoredNumbers


@dataclass(frozen=True, eq=False)
class FitsVoxels(ReadByParts):
    """An image that lies in a file as it is. The file need not stay open elsewhere.

    What is read is an array of its own, as of all classes here, without infinities.
    """

    numbers: StoredNumbers
    scale: Scale
    axes: Axes
    shape: tuple[int, int, int]

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        numbers = self.numbers.read(self.axes.part(channels, rows, columns))
        with np.errstate(over="ignore", invalid="ignore"):
            return as_brightness(self.scale.values(self.axes.transposed(numbers)))


@dataclass(frozen=True, eq=False)
class SectionVoxels(ReadByParts):
    """An image that astropy unpacks, while its file is open.

    section : of the HDU
    tile : (chan, y, x) of what is unpacked together at least
    """

    section: Any
    axes: Axes
    shape: tuple[int, int, int]
    tile: tuple[int, int, int]

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        values = self.section[self.axes.part(channels, rows, columns)]
        return as_brightness(self.axes.transposed(values))


@dataclass(frozen=True, eq=False)
class OrderedVoxels(ReadByParts):
    """Native float32 that lie in a file in the order (chan, y, x)."""

    numbers: StoredNumbers
    shape: tuple[int, int, int]

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        return np.array(self.numbers.read((channels, rows, columns)), order="C")


def as_brightness(values: np.ndarray) -> np.ndarray:
    """A copy as native float32 in the order of its axes, NaN for infinities."""
    with np.errstate(over="ignore", invalid="ignore"):
        block = np.array(values, dtype=np.float32, order="C")
    infinite = np.isinf(block)
    if infinite.any():
        block[infinite] = np.nan
    return block
