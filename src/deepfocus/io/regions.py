"""A catalogue as a region file for DS9 and CARTA: one ellipse of the FWHM per source."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.io.region_shapes import Shape, shapes_of


def regions_text(found: Catalogue) -> str:
    """Region file: accepted sources green, rejected candidates red and dashed.

    The axes of an ellipse are the deconvolved FWHM. A source without a size is drawn as a point,
    one without a sky position at its pixel, and one without a pixel, too, not at all.
    """
    lines = ["# Region file format: DS9 version 4.1", "global color=green width=1", "icrs"]
    lines += [_region(shape) for shape in shapes_of(found)]
    return "\n".join(lines) + "\n"


def cut_region_text(outline: np.ndarray, number: int) -> str:
    """Region file of a position-velocity cut. outline : (n, 2) corners (place, channel)"""
    corners = ",".join(f"{place + 1:.3f},{channel + 1:.3f}" for place, channel in outline)
    lines = ["# Region file format: DS9 version 4.1", "global color=green width=1", "image"]
    return "\n".join([*lines, f"polygon({corners}) # text={{{number}}}"]) + "\n"


def _region(shape: Shape) -> str:
    x, y = shape.position
    # FITS counts pixels from 1
    position = f"{x:.8f},{y:.8f}" if shape.on_sky else f"{x + 1:.3f},{y + 1:.3f}"
    drawn = f"point({position})"
    if shape.axes is not None:
        unit = '"' if shape.on_sky else ""
        major, minor = (f"{axis:.4f}{unit}" for axis in shape.axes)
        # the angle of the first axis runs counter-clockwise from +x, PA from +y
        drawn = f"ellipse({position},{major},{minor},{(shape.pa + 90.0) % 180.0:.2f})"
    style = "" if shape.accepted else " color=red dash=1"
    tag = "accepted" if shape.accepted else "rejected"
    system = "" if shape.on_sky else "image; "
    return f"{system}{drawn} # text={{{shape.number}}}{style} tag={{{tag}}}"
