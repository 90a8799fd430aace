"""Convert pixels and channels to sky position, frequency, velocity width and arcseconds."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import Grid


def with_sky_columns(found: Catalogue, grid: Grid) -> Catalogue:
    """Fill the columns ra, dec, frequency, line_fwhm, fwhm_x and fwhm_y; NaN stays NaN."""
    if len(found) == 0:
        return found
    sky = grid.sky_at(found["x"], found["y"])
    channel = found["channel"]
    return found.with_columns(
        ra=np.asarray(sky.ra.deg),
        dec=np.asarray(sky.dec.deg),
        frequency=np.where(np.isfinite(channel), grid.frequency_at(channel), np.nan),
        line_fwhm=grid.width_kms(found["line_fwhm_chan"], channel),
        fwhm_x=found["fwhm_x_px"] * grid.cell_arcsec,
        fwhm_y=found["fwhm_y_px"] * grid.cell_arcsec,
    )
