"""How SoFiA-2 is to count noise: a part of the finder's settings.

SoFiA takes the noise of a sum over N pixels as that of N over the beam's area independent ones,
wherever a header states a beam. Where noise is independent from pixel to pixel, that is too much by
the root of the beam's area: of a line at 10 it says 1.2 where a beam has 65 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.noise import White
from deepfocus.core.source import Ellipse
from deepfocus.search.correlation import power_of


@dataclass(frozen=True)
class AsItIs:
    """By the noise of the cube, known or measured: where it is white, SoFiA is told no beam."""

    kind: ClassVar[str] = "as_it_is"

    def stated_beam(self, cube: Cube, beam: Ellipse) -> Ellipse | None:
        """The beam for SoFiA's header; None for noise that no beam correlates."""
        beam_px = float(np.sqrt(beam.fwhm_x_px * beam.fwhm_y_px))
        return None if isinstance(power_of(cube, beam_px), White) else beam


@dataclass(frozen=True)
class OfTheBeam:
    """As SoFiA does by itself: correlated by the beam, in any cube."""

    kind: ClassVar[str] = "of_the_beam"

    def stated_beam(self, cube: Cube, beam: Ellipse) -> Ellipse | None:
        """The cube's beam."""
        return beam


Noise = AsItIs | OfTheBeam
