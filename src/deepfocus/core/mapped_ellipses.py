"""Ellipses after a linear map of the plane: from pixels that are not square to the sky, and back.

An ellipse is three second moments, on which a map of the plane acts as a linear map too. So errors
of moments are mapped exactly, and those of sizes and angles follow from them.

Moments are (..., 3): xx, yy, xy. Angles run from +y towards -x.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

SHAPE = ("fwhm_x_px", "fwhm_y_px", "pa")
"""Columns of a source that a map changes together."""


def of_moments(matrix: np.ndarray) -> np.ndarray:
    """(..., 3, 3) what a map (..., 2, 2) of offsets (x, y) does to second moments."""
    (a, b), (c, d) = np.moveaxis(matrix, (-2, -1), (0, 1))
    rows = ((a * a, b * b, 2 * a * b), (c * c, d * d, 2 * c * d), (a * c, b * d, a * d + b * c))
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def mapped(
    matrix: np.ndarray,
    fwhm_x: np.ndarray | float,
    fwhm_y: np.ndarray | float,
    pa: np.ndarray | float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """FWHM x, FWHM y and angle, deg in [0, 180), of ellipses after a map (..., 2, 2)."""
    moments = of_moments(matrix) @ _moments(fwhm_x, fwhm_y, pa)[..., None]
    return _shape(moments[..., 0])


def mapped_direction(matrix: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """The angle, deg in [0, 360), of a direction after a map (..., 2, 2)."""
    new_x, new_y = _mapped_unit(matrix, angle)
    direction: np.ndarray = np.rad2deg(np.arctan2(-new_x, new_y)) % 360.0
    return direction


def stretched(matrix: np.ndarray, angle: np.ndarray | float) -> np.ndarray:
    """How much longer what lies in a direction is after a map (..., 2, 2)."""
    longer: np.ndarray = np.hypot(*_mapped_unit(matrix, angle))
    return longer


def _mapped_unit(matrix: np.ndarray, angle: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Offset (x, y) of length 1 in a direction, after a map."""
    radians = np.deg2rad(angle)
    x, y = -np.sin(radians), np.cos(radians)
    return (
        matrix[..., 0, 0] * x + matrix[..., 0, 1] * y,
        matrix[..., 1, 0] * x + matrix[..., 1, 1] * y,
    )


def mapped_columns(columns: Mapping[str, np.ndarray], matrix: np.ndarray) -> dict[str, np.ndarray]:
    """`SHAPE` of sources, by name, after a map of each, (..., 2, 2).

    What has no angle has no direction: its sizes stay, which is right for a map that keeps areas.
    """
    before = [np.asarray(columns[name], float) for name in SHAPE]
    known = np.isfinite(before).all(axis=0)
    after = mapped(matrix, *before)
    return {
        name: np.where(known, new, old) for name, new, old in zip(SHAPE, after, before, strict=True)
    }


def _moments(
    fwhm_x: np.ndarray | float, fwhm_y: np.ndarray | float, pa: np.ndarray | float
) -> np.ndarray:
    """Second moments, with FWHMs in the place of standard deviations."""
    angle = np.deg2rad(np.asarray(pa, float) % 90.0)
    sin, cos = np.sin(angle), np.cos(angle)
    along, across = np.square(fwhm_x), np.square(fwhm_y)
    xx, yy = along * sin**2 + across * cos**2, along * cos**2 + across * sin**2
    return np.stack([xx, yy, (across - along) * sin * cos], axis=-1)


def _shape(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """FWHM x, FWHM y and angle of such moments; a square that rounding made negative is 0."""
    xx, yy, xy = np.moveaxis(moments, -1, 0)
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    major, minor = np.sqrt(middle + half), np.sqrt(np.maximum(middle - half, 0.0))
    pa = np.rad2deg(np.arctan2(-2 * xy, yy - xx)) / 2 % 180.0
    pa = np.where(pa < 180.0, pa, 0.0)  # of what is below 0 by rounding, the remainder is 180
    first = pa < 90.0
    return np.where(first, major, minor), np.where(first, minor, major), pa
