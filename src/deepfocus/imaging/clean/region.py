"""Where components may be: everywhere, in boxes, or where a mask file is not zero."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.voxels import Voxels
from deepfocus.core.workspace import OnDisk
from deepfocus.io.companions import OTHER_PLACE_PX, apart_px
from deepfocus.io.image_file import image_by_parts
from deepfocus.io.plane_order import in_plane_order

MaskOf = Callable[[int], np.ndarray]
"""Of a channel: (y, x) bool."""
MASK_VALUES = 1 << 22
"""Of a mask file that are read together, where it has to be unpacked."""


@dataclass(frozen=True)
class Everywhere:
    """In the whole image."""

    kind: ClassVar[str] = "everywhere"

    def on(self, grid: Grid) -> MaskOf:
        """The mask of each channel."""
        everywhere = np.ones((grid.ny, grid.nx), bool)
        return lambda channel: everywhere


@dataclass(frozen=True)
class Boxes:
    """In boxes, the same in all channels.

    boxes : each (x0, x1, y0, y1), edges in pixels from 0; a pixel is in it if its centre is
    """

    kind: ClassVar[str] = "boxes"

    boxes: tuple[tuple[float, float, float, float], ...]

    def on(self, grid: Grid) -> MaskOf:
        """The mask of each channel. Raises `DeepFocusError` for a box without a pixel."""
        y, x = np.mgrid[: grid.ny, : grid.nx]
        mask = np.zeros((grid.ny, grid.nx), bool)
        for x0, x1, y0, y1 in self.boxes:
            inside = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
            if not inside.any():
                raise DeepFocusError(
                    f"the box {x0:g} {x1:g} {y0:g} {y1:g} has no pixel of the image",
                    wanted=f"x0 x1 y0 y1 within {grid.nx} x {grid.ny} pixels",
                    remedy="give its edges in pixels from 0, the lower first",
                )
            mask |= inside
        return lambda channel: mask


@dataclass(frozen=True)
class MaskFile:
    """Where an image is not zero, such as NAME.mask.fits of `deepfocus cutouts` or CASA's `.mask`.

    path : of the cube's shape, or of one plane that holds for all channels
    """

    kind: ClassVar[str] = "mask_file"

    path: str

    def on(self, grid: Grid) -> MaskOf:
        """The mask of each channel, read as it is asked for.

        Raises `DeepFocusError` if the file cannot be read, or is of other pixels or another place.
        """
        masks = self._voxels(grid)
        single = len(masks) == 1
        return lambda channel: np.nan_to_num(masks[0 if single else channel]) != 0

    def _voxels(self, grid: Grid) -> Voxels:
        path = Path(self.path)
        scratch = OnDisk(Path(tempfile.gettempdir()), MASK_VALUES)
        with image_by_parts(path, folder=scratch.folder) as image:
            shape = image.data.shape
            if shape[1:] != (grid.ny, grid.nx) or shape[0] not in (1, len(grid.freq_hz)):
                raise DeepFocusError(
                    f"{path} has {' x '.join(map(str, shape))} voxels (channels, y, x)",
                    wanted=f"{' x '.join(map(str, grid.shape))}, as the cube has, or one plane",
                    remedy="make the mask on the pixels of the cube",
                )
            if apart_px(image.axes.sky, grid) > OTHER_PLACE_PX:
                raise DeepFocusError(
                    f"{path} shows another part of the sky than the cube",
                    wanted="a mask of the cube's own field",
                    remedy="make the mask on the pixels of the cube",
                )
            return in_plane_order(image, scratch, str(path)).data


AnyRegion = Everywhere | Boxes | MaskFile
"""The kinds that settings can name."""


def within_primary_beam(mask_of: MaskOf, response_of: MaskOf, limit: float) -> MaskOf:
    """The same, where the primary beam is known and above a limit."""
    return lambda channel: mask_of(channel) & (response_of(channel) >= limit)
