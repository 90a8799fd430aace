"""Elliptical Gaussians as covariances, which add when Gaussians are convolved."""

from __future__ import annotations

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.ops.morphology import axes_from_major_minor


def covariance_of(ellipse: Ellipse) -> np.ndarray:
    """(2, 2) covariance in pixels squared, axes (x, y)."""
    angle = np.deg2rad(ellipse.pa % 90.0)
    # unit vectors of the axes with position angles in [0, 90) and [90, 180)
    along = np.array([-np.sin(angle), np.cos(angle)])
    across = np.array([-np.cos(angle), -np.sin(angle)])
    a, b = (np.array([ellipse.fwhm_x_px, ellipse.fwhm_y_px]) / FWHM_PER_SIGMA) ** 2
    covariance: np.ndarray = a * np.outer(along, along) + b * np.outer(across, across)
    return covariance


def ellipse_of(covariance: np.ndarray, *, x: float, y: float) -> Ellipse:
    """The ellipse at (x, y) with a covariance (2, 2); negative variances count as 0."""
    values, vectors = np.linalg.eigh(covariance)
    minor, major = np.sqrt(np.maximum(values, 0.0)) * FWHM_PER_SIGMA
    dx, dy = vectors[:, 1]
    pa = float(np.rad2deg(np.arctan2(-dx, dy)) % 180.0)
    fwhm_x, fwhm_y = axes_from_major_minor(major, minor, pa)
    return Ellipse(x, y, float(fwhm_x), float(fwhm_y), pa)


def deconvolved(ellipse: Ellipse, beam: Ellipse) -> Ellipse:
    """The ellipse that, convolved with the beam, gives `ellipse`; 0 along an unresolved axis."""
    covariance = covariance_of(ellipse) - covariance_of(beam)
    return ellipse_of(covariance, x=ellipse.x, y=ellipse.y)
