"""Gaussian fit to a dirty beam: least squares on its main lobe, as imagers do."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import label
from scipy.optimize import least_squares

from deepfocus.core.cube import Beam


def fit_beam(psf: np.ndarray, cell_arcsec: float, *, cut: float = 0.35) -> Beam:
    """Fit the main lobe of `psf` (y, x), peak 1 at [size // 2], where it exceeds `cut`."""
    centre = psf.shape[0] // 2
    islands, _ = label(psf > cut)
    rows, columns = np.nonzero(islands == islands[centre, centre])
    east, north = -(columns - centre).astype(float), (rows - centre).astype(float)
    values = psf[rows, columns]
    start = max(np.sqrt(len(rows) / np.pi), 0.7)

    def residual(p: np.ndarray) -> np.ndarray:
        # log-widths keep both axes positive
        a, b = np.exp(p[:2])
        along = north * np.cos(p[2]) + east * np.sin(p[2])
        across = -north * np.sin(p[2]) + east * np.cos(p[2])
        misfit: np.ndarray = np.exp(-0.5 * ((along / a) ** 2 + (across / b) ** 2)) - values
        return misfit

    # two starts: the fit of a round beam has no gradient in angle
    fits = [
        least_squares(residual, [np.log(start * 1.2), np.log(start), angle])
        for angle in (0.3, 0.3 + np.pi / 2)
    ]
    log_a, log_b, angle = min(fits, key=lambda fit: fit.cost).x
    widths = np.exp([log_a, log_b]) * np.sqrt(8 * np.log(2)) * cell_arcsec
    if widths[0] < widths[1]:
        widths, angle = widths[::-1], angle + np.pi / 2
    return Beam(
        major_arcsec=float(widths[0]),
        minor_arcsec=float(widths[1]),
        pa_deg=float(np.rad2deg(angle) % 180.0),
    )
