"""Position angles on the sky, where north is not up or east is not left, and cells not square.

Finders measure angles in the image, from +y towards -x. In an upright image, these are position
angles, north through east. Elsewhere they are turned at the border, when the catalogue is written.

Where cells are not square, an ellipse in pixels is one of another angle and axis ratio on the sky.
Its sizes then count in sides of the square that has a pixel's area: they still are in pixels, and
`Grid.cell_arcsec` still makes arcseconds of them. The map keeps areas, so the ratio of a source's
to the beam's, from which its flux follows, is the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deepfocus.core.cell_shape import ARCSEC_PER_DEG, stretch
from deepfocus.core.grid import Grid
from deepfocus.core.mapped_ellipses import mapped_columns, mapped_direction, stretched

UPRIGHT_WITHIN_DEG = 0.01
"""Turn of the image's middle up to which it counts as upright: below any error of an angle."""

MOVES = ("line_shift_px", "line_shift")
"""Columns of what lies along the kinematic position angle."""
EXCHANGED = (("fwhm_x_px", "fwhm_y_px"), ("fwhm_x_px_err", "fwhm_y_px_err"),
             ("fwhm_x", "fwhm_y"), ("fwhm_x_err", "fwhm_y_err"))  # fmt: skip
"""Sizes along the axis with position angle in [0, 90), and along the other."""


def is_upright(grid: Grid) -> bool:
    """Whether north is +y and east is -x in the middle of the image, or nobody knows."""
    if grid.frame is None:
        return True
    jacobian = _sky_per_pixel(grid, (grid.nx - 1) / 2, (grid.ny - 1) / 2)
    if not np.isfinite(jacobian).all():
        return True
    turned = sky_angle(grid, np.array([0.0, 90.0]), x=(grid.nx - 1) / 2, y=(grid.ny - 1) / 2)
    apart = np.abs((turned - [0.0, 90.0] + 180.0) % 360.0 - 180.0)
    return bool(apart.max() <= UPRIGHT_WITHIN_DEG)


def sky_angle(
    grid: Grid, angle: np.ndarray | float, *, x: np.ndarray | float, y: np.ndarray | float
) -> np.ndarray:
    """Position angle, deg in [0, 360), of a direction `angle` from +y towards -x at a pixel."""
    jacobian = _sky_per_pixel(grid, x, y)
    radians = np.deg2rad(angle)
    dx, dy = -np.sin(radians), np.cos(radians)
    east = jacobian[..., 0, 0] * dx + jacobian[..., 0, 1] * dy
    north = jacobian[..., 1, 0] * dx + jacobian[..., 1, 1] * dy
    position_angle: np.ndarray = np.degrees(np.arctan2(east, north)) % 360.0
    return position_angle


def image_angle(
    grid: Grid, position_angle: np.ndarray | float, *, x: np.ndarray | float, y: np.ndarray | float
) -> np.ndarray:
    """Inverse of `sky_angle`: deg in [0, 360) from +y towards -x."""
    jacobian = _sky_per_pixel(grid, x, y)
    radians = np.deg2rad(position_angle)
    east, north = np.sin(radians), np.cos(radians)
    # times the determinant, of which the sign alone counts
    sign = np.sign(
        jacobian[..., 0, 0] * jacobian[..., 1, 1] - jacobian[..., 0, 1] * jacobian[..., 1, 0]
    )
    dx = sign * (jacobian[..., 1, 1] * east - jacobian[..., 0, 1] * north)
    dy = sign * (jacobian[..., 0, 0] * north - jacobian[..., 1, 0] * east)
    angle: np.ndarray = np.degrees(np.arctan2(-dx, dy)) % 360.0
    return angle


def on_sky(columns: Mapping[str, np.ndarray], grid: Grid) -> dict[str, np.ndarray]:
    """Those of the columns of sources that change when their shapes become those on the sky.

    columns : by name, all of one length; of an upright image with square cells, none changes.
        Errors of sizes are exchanged as the sizes are, and left as they are where cells are not
        square: there they do not follow from each other
    """
    if "pa" not in columns:
        return {}
    if not grid.square_cells:
        return _mapped_to_sky(columns, grid)
    if is_upright(grid):
        return {}
    x, y, pa = (np.asarray(columns[name], float) for name in ("x", "y", "pa"))
    turned = sky_angle(grid, pa, x=x, y=y) % 180.0
    turned = np.where(np.isfinite(turned) | np.isnan(pa), turned, pa)
    changed = {"pa": turned}
    if "kinematic_pa" in columns:
        changed["kinematic_pa"] = sky_angle(grid, columns["kinematic_pa"], x=x, y=y)
    swapped = (pa % 180.0 < 90.0) != (turned < 90.0)
    for first, second in EXCHANGED:
        if first in columns:
            one, other = np.asarray(columns[first]), np.asarray(columns[second])
            changed[first] = np.where(swapped, other, one)
            changed[second] = np.where(swapped, one, other)
    return changed


def in_image(columns: Mapping[str, np.ndarray], grid: Grid) -> dict[str, np.ndarray]:
    """Inverse of `on_sky`, for sizes in pixels and the angle of the major axis."""
    x, y = columns["x"], columns["y"]
    if not grid.square_cells:
        return mapped_columns(columns, np.linalg.inv(plane_at(grid, x=x, y=y)))
    if is_upright(grid):
        return {}
    return {"pa": image_angle(grid, columns["pa"], x=x, y=y)}


def plane_at(grid: Grid, *, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """(..., 2, 2) offset (-east, north) on the sky per offset (x, y) in pixels.

    Offsets on the sky are in sides of the square that has a pixel's area. Angles from the second
    of their axes towards minus the first are position angles.

    Where no right ascension and declination are known, the image is only stretched along its
    longest and shortest direction, so that angles remain those of the image.
    """
    per_pixel = _sky_per_pixel(grid, x, y) * [[-1.0], [1.0]] * ARCSEC_PER_DEG / grid.cell_arcsec
    known = np.isfinite(per_pixel).all(axis=(-1, -2), keepdims=True)
    plane: np.ndarray = np.where(known, per_pixel, stretch(grid.sky))
    return plane


def _mapped_to_sky(columns: Mapping[str, np.ndarray], grid: Grid) -> dict[str, np.ndarray]:
    plane = plane_at(grid, x=columns["x"], y=columns["y"])
    changed = mapped_columns(columns, plane)
    if "kinematic_pa" in columns:
        changed["kinematic_pa"] = mapped_direction(plane, columns["kinematic_pa"])
        longer = stretched(plane, columns["kinematic_pa"])
        for name in MOVES:
            if name in columns:
                changed[name] = columns[name] * longer
    for axis in "xy":
        if f"fwhm_{axis}" in columns:
            changed[f"fwhm_{axis}"] = changed[f"fwhm_{axis}_px"] * grid.cell_arcsec
    return changed


def _sky_per_pixel(grid: Grid, x: np.ndarray | float, y: np.ndarray | float) -> np.ndarray:
    """(..., 2, 2) change of (east, north), deg, per pixel in (x, y)."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    columns = []
    for dx, dy in ((0.5, 0.0), (0.0, 0.5)):
        ahead, behind = grid.sky_at(x + dx, y + dy), grid.sky_at(x - dx, y - dy)
        east = (np.asarray(ahead.ra.deg - behind.ra.deg) + 180.0) % 360.0 - 180.0
        middle = np.deg2rad(np.asarray(ahead.dec.deg + behind.dec.deg) / 2)
        columns.append(np.stack([east * np.cos(middle), ahead.dec.deg - behind.dec.deg], axis=-1))
    return np.stack(columns, axis=-1)
