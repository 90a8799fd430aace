"""The values of the paper's figures, on pairs made by hand."""

from __future__ import annotations

import numpy as np
import pytest
from recorded import one_finder, truth
from source_samples import sources

from deepfocus.evaluation.figure_values import angle_errors, detected, flux_errors, population


def test_flux_errors_have_a_spread_in_each_section_of_snr() -> None:
    n = 600
    rng = np.random.default_rng(5)
    at = np.arange(n) * 1.0
    snr = np.where(at % 2 == 0, 3.0, 30.0)
    error = np.where(at % 2 == 0, 0.2, 0.05) * rng.standard_normal(n)
    true = sources(at, at, at, snr_peak=snr, line_flux=np.full(n, 2.0))
    errors = flux_errors(true, sources(at, at, at, line_flux=2.0 * (1 - error)))
    np.testing.assert_allclose(errors.relative, error)
    assert [(each.low, each.high, each.n) for each in errors.sections] == [
        (2.0, 5.0, 300),
        (20.0, 50.0, 300),
    ]
    # 300 of each: their spread is known to 4%
    assert errors.sections[0].std == pytest.approx(0.2, rel=0.15)
    assert errors.sections[1].std == pytest.approx(0.05, rel=0.15)


def test_unmeasured_fluxes_and_those_of_nothing_are_left_out() -> None:
    at = np.arange(3.0)
    true = sources(at, at, at, snr_peak=np.full(3, 9.0), line_flux=[0.0, 1.0, 2.0])
    errors = flux_errors(true, sources(at, at, at, line_flux=[1.0, np.nan, 1.0]))
    np.testing.assert_allclose(errors.relative, [0.5])


def test_angles_far_off_are_asked_whether_they_are_round_or_faint() -> None:
    at = np.arange(5.0)
    true = sources(
        at, at, at, pa=[30.0, 30, 30, 30, 30], fwhm_x_px=[10.0, 9, 20, 10, 0.0],
        fwhm_y_px=[10.0, 10, 10, 20, 0.0], snr_peak=[20.0, 5, 5, 20, 20],
    )  # fmt: skip
    found = sources(at, at, at, pa=[90.0, 60, 31, 30, 30])
    errors = angle_errors(true, found)
    # clockwise angles of 60; 90 and 60 are off by 60 and 30, and a point has no eccentricity
    np.testing.assert_allclose(errors.relative, [1.0, 0.5, 1 / 60, 0.0])
    np.testing.assert_allclose(errors.eccentricity, [1.0, 0.9, 2.0, 0.5])
    assert errors.far_off.tolist() == [True, True, False, False]
    assert errors.share_of_far_off(errors.round) == 1.0
    assert errors.share_of_far_off(errors.faint) == 0.5


def test_what_is_detected_stands_beside_all_that_is_true() -> None:
    found = one_finder()
    result = detected([(found[key].catalogue, truth()) for key in found])
    assert result.found.tolist() == [False, False, True, False, True, True]
    np.testing.assert_allclose(result.line_flux, [1, 2, 4, 1, 2, 4])
    np.testing.assert_array_equal(result.blendness, 0.0)


def test_lines_beyond_the_band_are_not_among_them_but_blend() -> None:
    true = sources([20.0, 20.0], [50.0, 50.0], [10.0, 70.0]).with_meta(beam_px=6.0, channels=64)
    result = detected([(true.at(np.array([0])), true)])
    assert result.found.tolist() == [True]
    assert result.blendness.tolist() == [1.0]


def test_the_population_is_that_of_all_cubes() -> None:
    true = population([truth(pa=[10.0, 100.0, 170.0]), truth()])
    assert len(true.x) == 6
    np.testing.assert_allclose(true.angle[:3], [80.0, 80.0, 10.0])
    assert np.isnan(true.angle[3:]).all()
