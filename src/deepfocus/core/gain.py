"""The gain at each source: the response of the cube's primary beam, which fluxes are divided by."""

from __future__ import annotations

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube


def with_gain(found: Catalogue, cube: Cube) -> Catalogue:
    """Fill `primary_beam`; it stays NaN where the cube carries none, and beyond its image."""
    if not len(found):
        return found
    response = cube.primary_beam_at_lines(x=found["x"], y=found["y"], channel=found["channel"])
    return found.with_columns(primary_beam=response)
