"""The files that pass between the finder and SoFiA-2: a FITS cube there, an XML catalogue back.

Both count in pixels and channels: SoFiA's widths are channels, its fluxes Jy times channels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from deepfocus.core.sofia_table import Sources, read_xml
from deepfocus.core.source import GAUSSIAN_AREA, Ellipse

COLUMNS = (
    *("x", "y", "z", "err_x", "err_y", "err_z", "x_min", "x_max", "y_min", "y_max"),
    *("z_min", "z_max"),
    *("f_max", "f_sum", "err_f_sum", "rms", "w20", "w50", "rel", "flag"),
)
"""Those that the finder uses."""


def write_input(data: np.ndarray, beam: Ellipse | None, path: Path) -> None:
    """Write values (chan, y, x), Jy/beam, and the beam: pixels of 1 "deg", channels of 1 "Hz"."""
    header = fits.Header()
    header["BUNIT"] = "Jy/beam"
    if beam is not None:
        header["BMAJ"] = max(beam.fwhm_x_px, beam.fwhm_y_px)
        header["BMIN"] = min(beam.fwhm_x_px, beam.fwhm_y_px)
        header["BPA"] = beam.pa
    for axis, kind in enumerate(("RA---SIN", "DEC--SIN", "FREQ"), start=1):
        header[f"CTYPE{axis}"] = kind
        header[f"CRPIX{axis}"], header[f"CRVAL{axis}"], header[f"CDELT{axis}"] = 1.0, 0.0, 1.0
    fits.PrimaryHDU(np.asarray(data, np.float32), header).writeto(path)


def read_sources(path: Path) -> Sources:
    """Read SoFiA's XML catalogue."""
    return read_xml(path).columns


def moved(sources: Sources, *, x: int, y: int) -> Sources:
    """The sources of a part of an image whose first pixel is (y, x), in pixels of the whole."""
    by = {"x": x, "x_min": x, "x_max": x, "y": y, "y_min": y, "y_max": y}
    return {name: values + by.get(name, 0) for name, values in sources.items()}


def over_beam(sources: Sources, beam: Ellipse) -> Sources:
    """Sums of Jy/beam, which SoFiA leaves as they are where no beam is stated, in Jy."""
    area_px = GAUSSIAN_AREA**2 * beam.fwhm_x_px * beam.fwhm_y_px
    return {**sources, **{name: sources[name] / area_px for name in ("f_sum", "err_f_sum")}}


def no_sources() -> Sources:
    """A catalogue without rows, for which SoFiA writes no file."""
    return {name: np.zeros(0) for name in COLUMNS}
