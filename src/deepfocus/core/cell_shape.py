"""The shape of an image's cells: the sides of a pixel on the plane of the sky, and its area."""

from __future__ import annotations

import numpy as np
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales

ARCSEC_PER_DEG = 3600.0
SQUARE_WITHIN = 1e-3
"""Relative difference of a cell's longest and shortest extent, up to which it counts as square."""


def sides_arcsec(sky: WCS) -> tuple[float, float]:
    """Length on the sky of a step of one pixel in x, and in y, arcsec."""
    x, y = proj_plane_pixel_scales(sky) * ARCSEC_PER_DEG
    return float(x), float(y)


def elongation(sky: WCS) -> float:
    """By how much more a pixel stretches on the sky in one direction than across it."""
    longest, shortest = np.linalg.svd(sky.pixel_scale_matrix, compute_uv=False)
    return float(longest / shortest)


def are_square(sky: WCS) -> bool:
    """Whether sizes and angles in pixels are those on the sky but for a scale and a turn."""
    return elongation(sky) <= 1 + SQUARE_WITHIN


def equal_area_arcsec(sky: WCS) -> float:
    """Side of the square with a pixel's area, arcsec."""
    if are_square(sky):
        return float(np.sqrt(np.prod(proj_plane_pixel_scales(sky))) * ARCSEC_PER_DEG)
    # the sides of a cell that is sheared enclose less than their product
    return float(np.sqrt(abs(np.linalg.det(sky.pixel_scale_matrix))) * ARCSEC_PER_DEG)


def pixels_to_sky(sky: WCS) -> np.ndarray:
    """(2, 2) arcsec to the west (-east) and to the north per pixel in x and y.

    At the reference pixel. In an upright image both are positive, as the pixels count.
    """
    to_sky: np.ndarray = sky.pixel_scale_matrix * [[-ARCSEC_PER_DEG], [ARCSEC_PER_DEG]]
    return to_sky


def in_words(sky: WCS) -> str:
    """'0.1', or '0.1 x 0.2', arcsec."""
    if are_square(sky):
        return f"{equal_area_arcsec(sky):.3g} arcsec"
    return "{:.3g} x {:.3g} arcsec".format(*sides_arcsec(sky))


def stretch(sky: WCS) -> np.ndarray:
    """(2, 2) symmetric, of determinant 1: what makes cells squares of the same area, unturned.

    It is the symmetric factor of the polar decomposition of `pixels_to_sky`.
    """
    _, lengths, directions = np.linalg.svd(pixels_to_sky(sky) / equal_area_arcsec(sky))
    factor: np.ndarray = (directions.T * lengths) @ directions
    return factor
