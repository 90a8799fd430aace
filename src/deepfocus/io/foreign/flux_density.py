"""The flux density of a source, for lists of images, which have no word for the flux of a line."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import Grid
from deepfocus.core.source import GAUSSIAN_AREA


def flux_density_jy(found: Catalogue, grid: Grid | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(source,) flux density, Jy, at the frequency of each source, and its error.

    That is the peak of a Gaussian line of `line_flux` and `line_fwhm` on its continuum, where the
    line is known; else the continuum. Of an image of one channel, it is the flux over its width.
    What is not known of either counts as nothing; if both are unknown, it is NaN.
    """
    width_kms = GAUSSIAN_AREA * found["line_fwhm"]
    if grid is not None and len(grid.freq_hz) == 1:
        width_kms = np.broadcast_to(grid.width_kms(1.0, 0.0), len(found))
    width_kms = np.where(width_kms > 0, width_kms, np.nan)
    line, line_err = found["line_flux"] / width_kms, found["line_flux_err"] / width_kms
    continuum, continuum_err = found["continuum"] / 1e3, found["continuum_err"] / 1e3
    return _sum(line, continuum), np.sqrt(_sum(line_err**2, continuum_err**2))


def _sum(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Their sum, or the one that is known."""
    both = np.where(np.isnan(other), one, one + other)
    total: np.ndarray = np.where(np.isnan(one), other, both)
    return total
