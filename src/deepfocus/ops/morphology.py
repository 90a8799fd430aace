"""Conversions between descriptions of the shape of an elliptical Gaussian source.

The catalogue gives `fwhm_x_px` along the axis with position angle in [0, 90), `fwhm_y_px` along
the other axis, and `pa` of the major axis. The networks measure major and minor FWHM and the
elongation vector e (cos 2pa, sin 2pa), e = (a^2 - b^2) / (a^2 + b^2). Unlike an angle, it has no
jump at 180 degrees, and it fades to zero as a source becomes round.
"""

from __future__ import annotations

import numpy as np


def axes_from_major_minor(
    major: np.ndarray | float, minor: np.ndarray | float, pa: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """(fwhm_x, fwhm_y) from major and minor FWHM and position angle of the major axis (deg)."""
    first = np.asarray(pa) % 180.0 < 90.0
    return np.where(first, major, minor), np.where(first, minor, major)


def major_minor_from_axes(
    fwhm_x: np.ndarray | float, fwhm_y: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """(major, minor) FWHM."""
    return np.maximum(fwhm_x, fwhm_y), np.minimum(fwhm_x, fwhm_y)


def elongation_vector(
    major: np.ndarray | float, minor: np.ndarray | float, pa: np.ndarray | float
) -> np.ndarray:
    """(..., 2): e cos 2pa, e sin 2pa; 0 for a point, which is round."""
    a2, b2 = np.asarray(major, float) ** 2, np.asarray(minor, float) ** 2
    e = (a2 - b2) / np.where(a2 > 0, a2 + b2, 1.0)
    angle = 2 * np.deg2rad(np.asarray(pa, float))
    return np.stack([e * np.cos(angle), e * np.sin(angle)], axis=-1)


def pa_from_vector(vector: np.ndarray) -> np.ndarray:
    """Position angle of the major axis, degrees in [0, 180), from elongation vectors (..., 2)."""
    pa: np.ndarray = np.rad2deg(np.arctan2(vector[..., 1], vector[..., 0])) / 2 % 180.0
    return pa
