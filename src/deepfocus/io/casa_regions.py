"""A catalogue as a region file for CASA (CRTF): an ellipse per source, in the channels of its line.

CASA's tasks take it as `region=`: what is measured there is measured in the line.
"""

from __future__ import annotations

from deepfocus.core.catalogue import Catalogue
from deepfocus.io.region_shapes import Shape, shapes_of

FIRST = "#CRTFv0 CASA Region Text Format version 0"


def casa_regions_text(found: Catalogue) -> str:
    """Region file: accepted sources green; rejected candidates red, and for the eye alone.

    As in a file for DS9, the axes of an ellipse are the deconvolved FWHM.
    """
    return "\n".join([FIRST, *(_region(shape) for shape in shapes_of(found))]) + "\n"


def _region(shape: Shape) -> str:
    x, y = shape.position
    unit, digits = ("deg", 8) if shape.on_sky else ("pix", 3)
    place = f"[{x:.{digits}f}{unit}, {y:.{digits}f}{unit}]"
    drawn = f"symbol [{place}, +]"
    if shape.axes is not None:
        size = "arcsec" if shape.on_sky else "pix"
        major, minor = (f"{axis:.4f}{size}" for axis in shape.axes)
        drawn = f"ellipse [{place}, [{major}, {minor}], {shape.pa:.2f}deg]"
    told = ["coord=ICRS"] if shape.on_sky else []
    if shape.band_hz is not None:
        low, high = (f"{each / 1e9:.9f}GHz" for each in shape.band_hz)
        told.append(f"range=[{low}, {high}]")
    told += [f"label='{shape.number}'", f"color={'green' if shape.accepted else 'red'}"]
    # CASA measures in no annotation
    kind = "" if shape.accepted and shape.axes is not None else "ann "
    return f"{kind}{drawn}, {', '.join(told)}"
