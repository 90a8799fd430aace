"""Outlines of sources and of the beam in the image: ellipses in pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.mapped_ellipses import SHAPE
from deepfocus.core.orientation import in_image


@dataclass(frozen=True)
class Outline:
    """An ellipse. x, y : of its centre; major, minor : its FWHM, px

    pa : deg from +y towards -x, which is to the left
    """

    x: float
    y: float
    major: float
    minor: float
    pa: float


def shapes_in_image(found: Catalogue, cube: Cube) -> Catalogue:
    """The sources with shapes of the image instead of the sky."""
    columns = {name: found[name] for name in ("x", "y", *SHAPE)}
    return found.with_columns(**in_image(columns, cube.grid))


def outlines(found: Catalogue, cube: Cube) -> dict[int, Outline]:
    """By id, of the sources whose shape is known."""
    rows = shapes_in_image(found, cube)
    columns = (rows[name] for name in ("id", "x", "y", "fwhm_x_px", "fwhm_y_px", "pa"))
    return {
        int(number): Outline(float(x), float(y), max(one, other), min(one, other), float(pa))
        for number, x, y, one, other, pa in zip(*columns, strict=True)
        if np.isfinite([x, y, one, other, pa]).all()
    }


def beam_outline(cube: Cube) -> Outline | None:
    """Of the beam, in the middle of the image; None where it is not known."""
    beam, grid = cube.beam, cube.grid
    if beam is None:
        return None
    sizes = [each / grid.cell_arcsec for each in (beam.major_arcsec, beam.minor_arcsec)]
    along, across = sizes if beam.pa_deg % 180 < 90 else sizes[::-1]
    row = catalogue(
        x=[(grid.nx - 1) / 2], y=[(grid.ny - 1) / 2],
        fwhm_x_px=[along], fwhm_y_px=[across], pa=[beam.pa_deg % 180],
    )  # fmt: skip
    return outlines(row, cube).get(1)
