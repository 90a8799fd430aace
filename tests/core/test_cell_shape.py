"""Sides, areas and squareness of cells."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.wcs import WCS

from deepfocus.core.cell_shape import (
    are_square,
    elongation,
    equal_area_arcsec,
    in_words,
    pixels_to_sky,
    sides_arcsec,
    stretch,
)


def sky_of(matrix: object) -> WCS:
    """A field on cells with this matrix from (x, y) to (east, north), arcsec."""
    sky = WCS(naxis=2)
    sky.wcs.ctype = ["RA---SIN", "DEC--SIN"]
    sky.wcs.crval = [150.0, -35.0]
    sky.wcs.crpix = [33.0, 33.0]
    sky.wcs.cdelt = [1 / 3600, 1 / 3600]
    sky.wcs.pc = np.asarray(matrix, float)
    sky.wcs.set()
    return sky


def turned(angle: float) -> np.ndarray:
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    return np.array([[cos, -sin], [sin, cos]])


@pytest.mark.parametrize("ratio", [1.0, 1.0009, 0.9992])
@pytest.mark.parametrize("turn", [0.0, 31.0, 90.0])
def test_less_than_a_per_mille_is_square(ratio: float, turn: float) -> None:
    assert are_square(sky_of(turned(turn) @ np.diag([-0.1, 0.1 * ratio])))


@pytest.mark.parametrize("matrix", [np.diag([-0.1, 0.1002]), [[-0.1, 0.0002], [0.0, 0.1]]])
def test_more_than_that_is_not(matrix: object) -> None:
    assert not are_square(sky_of(matrix))


@pytest.mark.parametrize("turn", [0.0, 20.0, -70.0])
def test_a_rectangle_keeps_its_sides_when_it_is_turned(turn: float) -> None:
    sky = sky_of(turned(turn) @ np.diag([-0.1, 0.2]))
    np.testing.assert_allclose(sides_arcsec(sky), [0.1, 0.2])
    assert elongation(sky) == pytest.approx(2.0)
    assert equal_area_arcsec(sky) == pytest.approx(np.sqrt(0.02))
    assert in_words(sky) == "0.1 x 0.2 arcsec"


def test_a_sheared_cell_is_a_parallelogram() -> None:
    sky = sky_of([[-0.1, 0.06], [0.0, 0.1]])
    # base times height, less than the product of its sides
    assert equal_area_arcsec(sky) ** 2 == pytest.approx(0.1 * 0.1)
    assert np.prod(sides_arcsec(sky)) > 1.1 * 0.1 * 0.1


def test_the_stretch_makes_squares_without_turning() -> None:
    sky = sky_of(turned(25.0) @ [[-0.1, 0.03], [0.01, 0.2]])
    factor = stretch(sky)
    np.testing.assert_allclose(factor, factor.T, atol=1e-12)
    assert np.linalg.det(factor) == pytest.approx(1.0)
    # what is left of the map to the sky is a scale and a turn, or a mirror
    rest = pixels_to_sky(sky) @ np.linalg.inv(factor)
    np.testing.assert_allclose(rest @ rest.T, equal_area_arcsec(sky) ** 2 * np.eye(2), atol=1e-12)
