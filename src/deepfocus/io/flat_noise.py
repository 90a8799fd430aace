"""Images that are corrected for their primary beam, brought back to where their noise is flat.

Dividing by the primary beam raises the noise towards the edge, where a search would find it. So a
corrected image is multiplied by its primary beam, and fluxes are corrected when they are measured.
"""

from __future__ import annotations

from dataclasses import replace

from deepfocus.core.cube import Cube

NOT_FOUND = (
    "corrected for a primary beam that is not there: noise is measured from place to place; "
    "--pb names it"
)


def with_flat_noise(cube: Cube) -> Cube:
    """A corrected cube times its primary beam, in place; blank where that is not known.

    Without a primary beam the cube is left as it is, and a note says so.
    """
    if cube.primary_beam is None:
        return _noted(cube, NOT_FOUND)
    for channel, plane in enumerate(cube.data):
        plane *= cube.primary_beam_in(channel)
    return _noted(cube, "corrected for the primary beam: multiplied by it, so that noise is flat")


def _noted(cube: Cube, note: str) -> Cube:
    return replace(cube, meta={**cube.meta, "notes": (*cube.meta.get("notes", ()), note)})
