"""Ellipses in pixels, on the sky and back."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.mapped_ellipses import mapped, mapped_columns, mapped_direction, of_moments

SIDES = st.floats(0.2, 5.0)
FWHM = st.floats(0.5, 20.0)
ANGLES = st.floats(0.0, 179.99)


def _covariance(
    fwhm_x: np.ndarray | float, fwhm_y: np.ndarray | float, pa: np.ndarray | float
) -> np.ndarray:
    """(2, 2) with squared FWHMs as its eigenvalues, drawn from the axes' unit vectors."""
    angle = np.deg2rad(pa % 90.0)
    along = np.array([-np.sin(angle), np.cos(angle)])
    across = np.array([-np.cos(angle), -np.sin(angle)])
    return fwhm_x**2 * np.outer(along, along) + fwhm_y**2 * np.outer(across, across)


def _map(sides: tuple[float, float], turn: float, shear: float, mirrored: bool) -> np.ndarray:
    cos, sin = np.cos(turn), np.sin(turn)
    first = -sides[0] if mirrored else sides[0]
    return np.array([[cos, -sin], [sin, cos]]) @ [[first, shear], [0.0, sides[1]]]


MAPS = st.builds(
    _map, st.tuples(SIDES, SIDES), st.floats(0, 6.3), st.floats(-0.5, 0.5), st.booleans()
)


@given(MAPS, FWHM, FWHM, ANGLES)
def test_the_sky_and_back(matrix: np.ndarray, one: float, other: float, pa: float) -> None:
    major, minor = max(one, other), min(one, other)
    before = (major, minor, pa) if pa < 90.0 else (minor, major, pa)
    there = mapped(matrix, *before)
    back = mapped(np.linalg.inv(matrix), *there)
    in_pixels, on_sky = _covariance(*before), matrix @ _covariance(*before) @ matrix.T
    # of thin ellipses, the square of the minor axis is a small difference of large numbers
    np.testing.assert_allclose(_covariance(*there), on_sky, atol=1e-9 * np.trace(on_sky))
    thin = np.linalg.cond(matrix) ** 2
    np.testing.assert_allclose(_covariance(*back), in_pixels, atol=1e-9 * thin * major**2)
    area = abs(np.linalg.det(matrix)) * one * other
    np.testing.assert_allclose(there[0] * there[1], area, rtol=1e-6)


@given(MAPS, ANGLES)
def test_a_needle_points_where_its_direction_is_mapped(matrix: np.ndarray, pa: float) -> None:
    needle = (10.0, 0.0) if pa < 90.0 else (0.0, 10.0)
    _, _, angle = mapped(matrix, *needle, pa)
    apart = (float(angle) - float(mapped_direction(matrix, pa)) + 90.0) % 180.0 - 90.0
    assert abs(apart) < 1e-3


@given(MAPS)
def test_errors_of_moments_are_mapped_as_the_moments_are(matrix: np.ndarray) -> None:
    offsets = np.random.default_rng(3).standard_normal((40, 2))

    def moments(points: np.ndarray) -> np.ndarray:
        x, y = points.T
        return np.array([(x * x).mean(), (y * y).mean(), (x * y).mean()])

    there = moments(offsets @ matrix.T)
    here = of_moments(matrix) @ moments(offsets)
    np.testing.assert_allclose(here, there, atol=1e-10 * np.abs(there).max())


def test_what_has_no_angle_keeps_its_sizes() -> None:
    columns = {
        "fwhm_x_px": np.array([3.0, 3.0]), "fwhm_y_px": np.array([3.0, np.nan]),
        "pa": np.array([np.nan, 20.0]),
    }  # fmt: skip
    there = mapped_columns(columns, np.diag([0.5, 2.0]))
    np.testing.assert_array_equal(there["fwhm_x_px"], [3.0, 3.0])
    assert np.isnan(there["pa"][0])
    assert np.isnan(there["fwhm_y_px"][1])


def test_an_angle_of_0_is_no_180() -> None:
    # rounding makes the angle -1e-17
    fwhm_x, fwhm_y, pa = mapped(np.array([[-1.0, 1e-17], [0.0, 2.0]]), 4.0, 1.0, 0.0)
    assert (float(fwhm_x), float(fwhm_y), float(pa)) == (8.0, 1.0, 0.0)


def test_many_at_once() -> None:
    maps = np.array([np.diag([0.5, 2.0]), np.eye(2)])
    fwhm_x, fwhm_y, pa = mapped(maps, [4.0, 4.0], [1.0, 1.0], [0.0, 30.0])
    np.testing.assert_allclose(fwhm_x, [8.0, 4.0])
    np.testing.assert_allclose(fwhm_y, [0.5, 1.0])
    np.testing.assert_allclose(pa, [0.0, 30.0], atol=1e-9)
