"""Convert pixels and channels to sky position and angle, frequency, velocity width, arcseconds."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import Grid
from deepfocus.core.orientation import on_sky

MEASURED = ("x", "y", "pa", "kinematic_pa", "line_shift_px", "fwhm_x_px", "fwhm_y_px")
ERRORS = ("fwhm_x_px_err", "fwhm_y_px_err")


def with_sky_columns(found: Catalogue, grid: Grid) -> Catalogue:
    """Fill ra, dec, frequency, velocity and all velocity widths and angular sizes; NaN stays NaN.

    Shapes are those of the image before, and on the sky after.
    """
    return with_sky_units(with_sky_shapes(found, grid), grid)


def with_sky_shapes(found: Catalogue, grid: Grid) -> Catalogue:
    """Turn angles to the sky; where cells are not square, sizes are mapped with them.

    Their errors then are NaN: they do not follow from those of the image.
    """
    if len(found) == 0:
        return found
    turned = on_sky({name: found[name] for name in MEASURED + ERRORS}, grid)
    if not grid.square_cells:
        turned |= {name: np.full(len(found), np.nan) for name in (*ERRORS, "pa_err")}
    return found.with_columns(**turned)


def with_sky_units(found: Catalogue, grid: Grid) -> Catalogue:
    """Fill ra, dec, frequency, velocity, widths and angular sizes, of shapes on the sky."""
    if len(found) == 0:
        return found
    sky = grid.sky_at(found["x"], found["y"])
    channel = found["channel"]
    return found.with_columns(
        ra=np.asarray(sky.ra.deg),
        dec=np.asarray(sky.dec.deg),
        frequency=np.where(np.isfinite(channel), grid.sky_frequency_at(channel), np.nan),
        velocity=grid.velocity_kms(channel),
        line_fwhm=grid.width_kms(found["line_fwhm_chan"], channel),
        line_fwhm_limit=grid.width_kms(found["line_fwhm_limit_chan"], channel),
        line_w20=grid.width_kms(found["line_w20_chan"], channel),
        fwhm_x=found["fwhm_x_px"] * grid.cell_arcsec,
        fwhm_y=found["fwhm_y_px"] * grid.cell_arcsec,
        fwhm_limit=found["fwhm_limit_px"] * grid.cell_arcsec,
        line_shift=found["line_shift_px"] * grid.cell_arcsec,
    )
