"""Voxels of a cube times its primary beam."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.voxels import ReadByParts, Voxels


def times_primary_beam(cube: Cube) -> Voxels:
    """(chan, y, x) where that is known, NaN elsewhere. An array is changed in place."""
    if isinstance(cube.data, ReadByParts):
        return FlatVoxels(cube, cube.data, cube.data.shape)
    for channel, plane in enumerate(cube.data):
        plane *= cube.primary_beam_in(channel)
    return cube.data


@dataclass(frozen=True, eq=False)
class FlatVoxels(ReadByParts):
    """A corrected image times its primary beam, which is applied as parts are read.

    cube : knows the primary beam
    corrected : gives arrays of its own
    """

    cube: Cube
    corrected: ReadByParts
    shape: tuple[int, int, int]

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        block = self.corrected[channels, rows, columns]
        assert self.cube.primary_beam is not None
        here = replace(self.cube, primary_beam=self.cube.primary_beam[:, rows, columns])
        for i, channel in enumerate(range(channels.start, channels.stop, channels.step)):
            block[i] *= here.primary_beam_in(channel)
        return block
