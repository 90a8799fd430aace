"""An image as a FITS file for a program that wants one, and its way back to pixels.

The file says where its pixels are in a field of its own: north up, pixels of an arcsec, so that
nothing of a cube's own axes, projection or frame comes between a program's catalogue and pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS

from deepfocus.core.source import Ellipse
from deepfocus.ops.morphology import major_minor_from_axes

CELL_DEG = 1.0 / 3600.0
FREQUENCY_HZ = 1e11
"""Programs want one; nothing follows from it."""


def plain_header(shape: tuple[int, int], beam: Ellipse) -> fits.Header:
    """The header of an image (y, x) with that beam, in pixels."""
    major, minor = (float(axis) for axis in major_minor_from_axes(beam.fwhm_x_px, beam.fwhm_y_px))
    header = fits.Header()
    for axis, (name, at, step) in enumerate(
        [("RA---SIN", 180.0, -CELL_DEG), ("DEC--SIN", 0.0, CELL_DEG)], start=1
    ):
        header[f"CTYPE{axis}"], header[f"CUNIT{axis}"] = name, "deg"
        header[f"CRVAL{axis}"], header[f"CDELT{axis}"] = at, step
        header[f"CRPIX{axis}"] = shape[-axis] / 2
    header["RADESYS"], header["BUNIT"] = "ICRS", "JY/BEAM"
    header["BMAJ"], header["BMIN"], header["BPA"] = major * CELL_DEG, minor * CELL_DEG, beam.pa
    return header


def write_plain(image: np.ndarray, beam: Ellipse, path: Path) -> WCS:
    """Write an image (y, x); returns its axes."""
    header = plain_header((image.shape[0], image.shape[1]), beam)
    fits.writeto(path, image.astype(np.float32), header)
    return WCS(header)
