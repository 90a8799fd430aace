"""A catalogue as a region file for DS9 and CARTA: one ellipse of the FWHM per source."""

from __future__ import annotations

import numpy as np
from astropy.table import Row

from deepfocus.core.catalogue import Catalogue


def regions_text(found: Catalogue) -> str:
    """Region file: accepted sources green, rejected candidates red and dashed.

    The axes of an ellipse are the deconvolved FWHM. A source without a size is drawn as a point,
    one without a sky position at its pixel, and one without a pixel, too, not at all.
    """
    lines = ["# Region file format: DS9 version 4.1", "global color=green width=1", "icrs"]
    lines += [_region(row) for row in found.rows if _is_anywhere(row)]
    return "\n".join(lines) + "\n"


def _is_anywhere(row: Row) -> bool:
    return _known(row, "ra", "dec") or _known(row, "x", "y")


def _known(row: Row, *names: str) -> bool:
    return all(np.isfinite(row[name]) for name in names)


def _region(row: Row) -> str:
    on_sky = _known(row, "ra", "dec")
    if on_sky:
        position, sizes, unit = f"{row['ra']:.8f},{row['dec']:.8f}", ("fwhm_x", "fwhm_y"), '"'
    else:
        # FITS counts pixels from 1
        position, sizes, unit = (
            f"{row['x'] + 1:.3f},{row['y'] + 1:.3f}",
            ("fwhm_x_px", "fwhm_y_px"),
            "",
        )
    major, minor = sorted((float(row[name]) for name in sizes), reverse=True)
    if _known(row, *sizes, "pa") and minor > 0:
        # semi-axes; the angle of the first runs counter-clockwise from +x, PA from +y
        angle = (float(row["pa"]) + 90.0) % 180.0
        shape = f"ellipse({position},{major / 2:.4f}{unit},{minor / 2:.4f}{unit},{angle:.2f})"
    else:
        shape = f"point({position})"
    accepted = row["flag"] == 0
    style = "" if accepted else " color=red dash=1"
    tag = "accepted" if accepted else "rejected"
    system = "" if on_sky else "image; "
    return f"{system}{shape} # text={{{row['id']}}}{style} tag={{{tag}}}"
