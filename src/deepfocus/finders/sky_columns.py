"""Convert pixels and channels to sky position and angle, frequency, velocity width, arcseconds."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import Grid
from deepfocus.core.orientation import on_sky


def with_sky_columns(found: Catalogue, grid: Grid) -> Catalogue:
    """Fill ra, dec, frequency and all velocity widths and angular sizes; NaN stays NaN.

    Angles are those of the image before, and on the sky after.
    """
    if len(found) == 0:
        return found
    measured = ("x", "y", "pa", "kinematic_pa", *(f"fwhm_{axis}_px" for axis in "xy"))
    errors = tuple(f"fwhm_{axis}_px_err" for axis in "xy")
    found = found.with_columns(**on_sky({name: found[name] for name in measured + errors}, grid))
    sky = grid.sky_at(found["x"], found["y"])
    channel = found["channel"]
    return found.with_columns(
        ra=np.asarray(sky.ra.deg),
        dec=np.asarray(sky.dec.deg),
        frequency=np.where(np.isfinite(channel), grid.sky_frequency_at(channel), np.nan),
        line_fwhm=grid.width_kms(found["line_fwhm_chan"], channel),
        line_fwhm_limit=grid.width_kms(found["line_fwhm_limit_chan"], channel),
        line_w20=grid.width_kms(found["line_w20_chan"], channel),
        fwhm_x=found["fwhm_x_px"] * grid.cell_arcsec,
        fwhm_y=found["fwhm_y_px"] * grid.cell_arcsec,
        fwhm_limit=found["fwhm_limit_px"] * grid.cell_arcsec,
        line_shift=found["line_shift_px"] * grid.cell_arcsec,
    )
