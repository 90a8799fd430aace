"""Images that are corrected for their primary beam, brought back to where their noise is flat.

Dividing by the primary beam raises the noise towards the edge, where a search would find it. So a
corrected image is multiplied by its primary beam, and fluxes are corrected when they are measured.
"""

from __future__ import annotations

from dataclasses import replace

from deepfocus.core.cube import Cube
from deepfocus.core.flat_voxels import times_primary_beam

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
    return _noted(replace(cube, data=times_primary_beam(cube), corrected=True), note)


def _noted(cube: Cube, note: str) -> Cube:
    return replace(cube, meta={**cube.meta, "notes": (*cube.meta.get("notes", ()), note)})
