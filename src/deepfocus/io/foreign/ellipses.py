"""Major axis, minor axis and position angle, as others have them, and our two FWHMs and angle.

Ours lie along the axis whose position angle is in [0, 90), and along the other
(docs/conventions.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepfocus.core.grid import Grid


@dataclass(frozen=True)
class Axes:
    """FWHMs of the axes of ellipses on the sky, arcsec, and position angles of the major one, deg.

    Each is (source,), deconvolved from the beam, and NaN where it is not known.
    """

    major: np.ndarray
    minor: np.ndarray
    pa: np.ndarray


def shape_columns(axes: Axes, errors: Axes, grid: Grid) -> dict[str, np.ndarray]:
    """Our columns of these ellipses, and of their errors.

    Where no angle is known, the major axis counts as the first.
    """
    pa = np.mod(axes.pa, 180.0)
    pa = np.where(pa == 180.0, 0.0, pa)  # of what is below 0 by rounding, the remainder is 180
    second = pa >= 90.0
    columns = {"pa": pa, "pa_err": errors.pa}
    for suffix, each in (("", axes), ("_err", errors)):
        columns[f"fwhm_x{suffix}"] = np.where(second, each.minor, each.major)
        columns[f"fwhm_y{suffix}"] = np.where(second, each.major, each.minor)
    for name in ("fwhm_x", "fwhm_y", "fwhm_x_err", "fwhm_y_err"):
        in_pixels = name.replace("_err", "") + "_px" + ("_err" if name.endswith("_err") else "")
        columns[in_pixels] = columns[name] / grid.cell_arcsec
    return columns


def axes_of(columns: Mapping[str, np.ndarray]) -> tuple[Axes, Axes]:
    """Inverse of `shape_columns`, for sizes in arcsec: the axes and their errors.

    Where no angle is known, the longer axis is the major one.
    """
    pa = np.asarray(columns["pa"], float)
    x, y = np.asarray(columns["fwhm_x"], float), np.asarray(columns["fwhm_y"], float)
    second = np.where(np.isfinite(pa), pa >= 90.0, y > x)
    x_err, y_err = columns["fwhm_x_err"], columns["fwhm_y_err"]
    axes = Axes(np.where(second, y, x), np.where(second, x, y), pa)
    errors = Axes(
        np.where(second, y_err, x_err),
        np.where(second, x_err, y_err),
        np.asarray(columns["pa_err"], float),
    )
    return axes, errors
