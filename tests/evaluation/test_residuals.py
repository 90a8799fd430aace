"""Residuals: angles that repeat, relative errors, robust spreads, gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.catalogue import catalogue
from deepfocus.evaluation.residuals import (
    PARAMETERS,
    all_residuals,
    angle_difference,
    clockwise_angle,
    residuals_of,
)

BY_NAME = {parameter.name: parameter for parameter in PARAMETERS}


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [(179.0, 1.0, -2.0), (1.0, 179.0, 2.0), (10.0, 50.0, -40.0), (0.0, 180.0, 0.0),
     (170.0, 100.0, 70.0), (0.0, 90.0, -90.0)],
)  # fmt: skip
def test_position_angles_repeat_after_half_a_turn(
    true: float, predicted: float, expected: float
) -> None:
    assert angle_difference(np.array([true]), np.array([predicted])) == pytest.approx([expected])


@given(st.floats(0, 180), st.floats(0, 180), st.integers(-2, 2))
def test_whole_half_turns_change_no_residual(true: float, predicted: float, turns: int) -> None:
    plain = angle_difference(np.array([true]), np.array([predicted]))
    turned = angle_difference(np.array([true]), np.array([predicted + 180.0 * turns]))
    # Compared as directions: -90 and 90 are the same, and rounding may choose either.
    assert np.cos(2 * np.deg2rad(plain - turned)) == pytest.approx(1.0)
    assert -90 <= plain[0] < 90


@pytest.mark.parametrize(("pa", "expected"), [(0, 90), (30, 60), (89, 1), (90, 90), (120, 60)])
def test_clockwise_angle(pa: float, expected: float) -> None:
    assert clockwise_angle(np.array([pa])) == pytest.approx([expected])


def test_residual_is_true_minus_predicted() -> None:
    truth = catalogue(x=[10.0, 20.0, 30.0, 40.0], line_fwhm_chan=[4.0, 4.0, 4.0, 4.0])
    found = catalogue(x=[9.0, 20.0, 31.0, 30.0], line_fwhm_chan=[3.0, 4.0, 4.0, 5.0])
    x = residuals_of(BY_NAME["x"], truth, found)  # residuals 1, 0, -1, 10
    assert (x.n, x.mean, x.median) == (4, 2.5, 0.5)
    assert x.std == pytest.approx(np.std([1, 0, -1, 10]))
    assert x.mad_std == pytest.approx(1 / 0.67448975)  # deviations 0.5, 0.5, 1.5, 9.5
    assert x.within is None
    dz = residuals_of(BY_NAME["dz"], truth, found)  # twice the FWHM's: 2, 0, 0, -2
    assert (dz.mean, dz.std) == pytest.approx((0.0, np.sqrt(2.0)))


def test_relative_errors_of_flux() -> None:
    truth = catalogue(line_flux=[1.0, 2.0, 4.0, 10.0])
    found = catalogue(line_flux=[1.005, 2.1, 3.4, 20.0])  # off by 0.5, 5, 15, 100 per cent
    flux = residuals_of(BY_NAME["line flux"], truth, found)
    assert flux.within == (0.25, 0.5, 0.75)
    assert flux.relative_mean == pytest.approx(np.mean([-0.005, -0.05, 0.15, -1.0]))


def test_unknown_values_are_left_out() -> None:
    truth = catalogue(pa=[10.0, 20.0, np.nan, 0.0], fwhm_x_px=[1.0, 1.0, 1.0, 1.0])
    found = catalogue(pa=[12.0, np.nan, 5.0, 3.0])
    pa = residuals_of(BY_NAME["pa"], truth, found)
    assert (pa.n, pa.mean) == (2, -2.5)
    # A true angle of 0 has no relative error.
    assert pa.relative_mean == pytest.approx(-0.2)
    assert pa.within == (0.0, 0.0, 0.0)


def test_round_sources_can_be_left_out() -> None:
    truth = catalogue(pa=[10.0, 20.0], fwhm_x_px=[10.0, 10.0], fwhm_y_px=[5.0, 9.9])
    found = catalogue(pa=[12.0, 80.0], fwhm_x_px=[9.0, 9.0], fwhm_y_px=[9.0, 9.0])
    assert residuals_of(BY_NAME["pa, axis ratio < 0.8"], truth, found).n == 1


def test_no_pairs_make_a_table_without_numbers() -> None:
    for residuals in all_residuals(catalogue(), catalogue()):
        assert residuals.n == 0
        assert np.isnan(residuals.mean)
        assert residuals.as_dict()["std"] is None


def test_every_parameter_of_the_paper_is_there() -> None:
    papers = {p.paper for p in PARAMETERS if p.paper is not None}
    table_5 = {(-0.004, 0.73), (-0.005, 0.67), (-0.04, 0.46), (-0.12, 0.45), (0.0, 0.003),
               (0.0, 0.001), (-0.65, 20.28), (-9.56, 20.08)}  # fmt: skip
    assert papers == table_5
