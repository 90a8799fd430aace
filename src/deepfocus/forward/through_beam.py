"""A source's apparent size in a cube: its own and the beam's, added in quadrature."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.source import Ellipse


def through_round_beam(ellipse: Ellipse, cube: Cube) -> Ellipse:
    """The ellipse convolved with a round beam, of the cube beam's geometric mean FWHM.

    Unchanged if the cube has no beam.
    """
    beam_px = cube.beam_px or 0.0
    return replace(
        ellipse,
        fwhm_x_px=float(np.hypot(ellipse.fwhm_x_px, beam_px)),
        fwhm_y_px=float(np.hypot(ellipse.fwhm_y_px, beam_px)),
    )
