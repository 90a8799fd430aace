"""Major axis, minor axis and angle of others become our two FWHMs and angle, in every quadrant."""

from __future__ import annotations

import numpy as np
import pytest
from foreign_samples import grid
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.mapped_ellipses import mapped
from deepfocus.io.foreign.ellipses import Axes, axes_of, shape_columns

NONE = Axes(*(np.full(1, np.nan),) * 3)


def columns(major: float, minor: float, pa: float) -> dict[str, np.ndarray]:
    axes = Axes(np.array([major]), np.array([minor]), np.array([pa]))
    errors = Axes(np.array([0.3]), np.array([0.1]), np.array([5.0]))
    return shape_columns(axes, errors, grid())


@pytest.mark.parametrize(
    ("pa", "ours", "first"),
    [
        (0.0, 0.0, True),
        (30.0, 30.0, True),
        (89.9, 89.9, True),
        (90.0, 90.0, False),
        (130.0, 130.0, False),
        (180.0, 0.0, True),
        (210.0, 30.0, True),
        (310.0, 130.0, False),
        (-50.0, 130.0, False),
        (-150.0, 30.0, True),
        (-1e-15, 0.0, True),
    ],
)
def test_every_quadrant(pa: float, ours: float, first: bool) -> None:
    found = columns(2.0, 1.0, pa)
    assert found["pa"] == pytest.approx(ours)
    assert (found["fwhm_x"], found["fwhm_y"]) == ((2.0, 1.0) if first else (1.0, 2.0))
    assert (found["fwhm_x_err"], found["fwhm_y_err"]) == ((0.3, 0.1) if first else (0.1, 0.3))
    np.testing.assert_allclose(found["fwhm_x_px"], found["fwhm_x"] / 0.1)
    np.testing.assert_allclose(found["fwhm_y_px_err"], found["fwhm_y_err"] / 0.1)
    assert found["pa_err"] == 5.0


@given(
    major=st.floats(0.1, 10), ratio=st.floats(0.05, 0.95), pa=st.floats(-360, 360)
)  # fmt: skip
def test_the_ellipse_is_that_of_the_rest_of_the_package(
    major: float, ratio: float, pa: float
) -> None:
    found = columns(major, ratio * major, pa)
    # the second moment along the major axis, from +y towards -x, is that of its FWHM: `mapped` by
    # the identity says what fwhm_x, fwhm_y and pa mean to everybody else
    x, y, angle = mapped(np.eye(2), found["fwhm_x"], found["fwhm_y"], found["pa"])
    turn = (angle - found["pa"] + 90.0) % 180.0 - 90.0
    assert abs(turn[0]) < 1e-3  # of nearly round ones, the angle is rounded most
    assert max(x[0], y[0]) == pytest.approx(major)
    assert min(x[0], y[0]) == pytest.approx(ratio * major)


@given(major=st.floats(0.1, 10), ratio=st.floats(0, 1), pa=st.floats(0, 179.999))
def test_back_and_forth(major: float, ratio: float, pa: float) -> None:
    axes, errors = axes_of(columns(major, ratio * major, pa))
    assert (axes.major[0], axes.minor[0], axes.pa[0]) == (major, ratio * major, pa)
    assert (errors.major[0], errors.minor[0], errors.pa[0]) == (0.3, 0.1, 5.0)


def test_without_an_angle_the_longer_axis_is_the_major_one() -> None:
    nothing = np.array([np.nan])
    sizes = {"fwhm_x": np.array([1.0]), "fwhm_y": np.array([2.0]), "pa": nothing}
    axes, _ = axes_of({**sizes, "fwhm_x_err": nothing, "fwhm_y_err": nothing, "pa_err": nothing})
    assert (axes.major[0], axes.minor[0]) == (2.0, 1.0)
    assert np.isnan(axes.pa).all()
    round_one = shape_columns(Axes(np.ones(1), np.ones(1), nothing), NONE, grid())
    assert np.isnan(round_one["pa"]).all()
    assert round_one["fwhm_x"] == round_one["fwhm_y"] == 1.0
