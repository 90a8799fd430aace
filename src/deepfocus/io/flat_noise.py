"""Images that are corrected for their primary beam, brought back to where their noise is flat.

Dividing by the primary beam raises the noise towards the edge, where a search would find it. So a
corrected image is multiplied by its primary beam, and fluxes are corrected when they are measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.voxels import ReadByParts

NOT_FOUND = (
    "corrected for a primary beam that is not there: noise is measured from place to place; "
    "--pb names it"
)


def with_flat_noise(cube: Cube) -> Cube:
    """A corrected cube times its primary beam; blank where that is not known.

    In memory it is changed in place. Without a primary beam the cube is left as it is, and a note
    says so.
    """
    if cube.primary_beam is None:
        return _noted(cube, NOT_FOUND)
    note = "corrected for the primary beam: multiplied by it, so that noise is flat"
    if isinstance(cube.data, ReadByParts):
        return _noted(cube.with_data(FlatVoxels(cube, cube.data, cube.data.shape)), note)
    for channel, plane in enumerate(cube.data):
        plane *= cube.primary_beam_in(channel)
    return _noted(cube, note)


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


def _noted(cube: Cube, note: str) -> Cube:
    return replace(cube, meta={**cube.meta, "notes": (*cube.meta.get("notes", ()), note)})
