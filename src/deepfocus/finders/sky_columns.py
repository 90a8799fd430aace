"""Convert pixels and channels to sky position, frequency, velocity width and arcseconds."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import Grid


def with_sky_columns(found: Catalogue, grid: Grid) -> Catalogue:
    """Fill ra, dec, frequency and all velocity widths and angular sizes; NaN stays NaN."""
    if len(found) == 0:
        return found
    sky = grid.sky_at(found["x"], found["y"])
    channel = found["channel"]
    return found.with_columns(
        ra=np.asarray(sky.ra.deg),
        dec=np.asarray(sky.dec.deg),
        frequency=np.where(np.isfinite(channel), grid.sky_frequency_at(channel), np.nan),
        line_fwhm=grid.width_kms(found["line_fwhm_chan"], channel),
        line_w20=grid.width_kms(found["line_w20_chan"], channel),
        fwhm_x=found["fwhm_x_px"] * grid.cell_arcsec,
        fwhm_y=found["fwhm_y_px"] * grid.cell_arcsec,
        fwhm_limit=found["fwhm_limit_px"] * grid.cell_arcsec,
        line_shift=found["line_shift_px"] * grid.cell_arcsec,
    )
