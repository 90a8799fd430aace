"""What the finder makes of a fit: continua for lines without end, and no false motion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from deepfocus.finders.deepfocus.band_wide import as_continua, broad_beside_others, broadest
from deepfocus.finders.deepfocus.explaining import stilled
from deepfocus.finders.deepfocus.faint_continua import FAINT, without_faint_continua
from deepfocus.finders.deepfocus.shared_continua import (
    shining,
    with_shared_continua,
    with_their_own,
)
from deepfocus.fit.grow import Needed, continuum_snr
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    CXX,
    CXY,
    CYY,
    FLUX,
    GRADIENT,
    GX,
    SIGMA,
    SLOPE,
    X,
    Y,
    free_but,
)
from deepfocus.fit.solve import Fit, fit_free
from deepfocus.fit.spectra import LARGEST_SIGMA

CHANNELS = 24
"""Of the cases."""
NEEDED = Needed(kept=25.0, added=50.0, moves=16.0, between=9.0, again=26.0)


def fitted(case, data: np.ndarray, start: np.ndarray, *held: int) -> Fit:
    """One component fitted, some parameters held."""
    return fit_free(case.problem(data), start[None], free_but(1, *held))


def test_a_line_without_end_becomes_a_continuum(case_named: Callable, component) -> None:
    case = case_named("thermal")
    component[[FLUX, CONTINUUM]] = 0.0, 20.0
    data = case.dirty(component) + case.noise(3)
    start = component.copy()
    start[[CHANNEL, SIGMA]] = CHANNELS / 2, LARGEST_SIGMA * CHANNELS
    start[[FLUX, CONTINUUM]] = 20.0 * CHANNELS, 0.0
    as_line = fitted(case, data, start, CONTINUUM, SLOPE, *GRADIENT)
    found = as_continua(as_line, broadest(as_line), NEEDED)
    assert found.free[0, CONTINUUM]
    assert not found.free[0, [FLUX, CHANNEL, SIGMA]].any()
    assert found.values[0, FLUX] == 0
    # 20 Jy at a hundred sigma
    assert abs(found.values[0, CONTINUUM] / 20.0 - 1) < 0.03
    assert found.chi2 < as_line.chi2


def test_a_line_that_ends_stays_one(case_named: Callable, component) -> None:
    case = case_named("thermal")
    line = fitted(case, case.dirty(component) + case.noise(4), component, SLOPE, *GRADIENT)
    assert as_continua(line, broadest(line), NEEDED) is line


def test_two_of_them_at_one_place_are_one_continuum(case_named: Callable, component) -> None:
    case = case_named("thermal")
    component[[FLUX, CONTINUUM]] = 0.0, 20.0
    data = case.dirty(component) + case.noise(5)
    starts = np.repeat(component[None], 2, axis=0)
    starts[:, CHANNEL] = CHANNELS / 4, 3 * CHANNELS / 4
    starts[:, SIGMA] = LARGEST_SIGMA * CHANNELS
    starts[:, FLUX], starts[:, CONTINUUM] = 10.0 * CHANNELS, 0.0
    free = free_but(2, CONTINUUM, SLOPE, *GRADIENT, SIGMA)
    both = fit_free(case.problem(data), starts, free)
    found = as_continua(both, broadest(both), replace(NEEDED, kept=1e6))
    assert len(found.values) == 1
    assert abs(found.values[0, CONTINUUM] / 20.0 - 1) < 0.03


def test_a_broad_line_may_be_a_continuum_where_another_line_is(
    case_named: Callable, component
) -> None:
    """Alone at its place it stays, for it may be a faint line and a continuum together."""
    case = case_named("thermal")
    rows = np.repeat(component[None], 2, axis=0)
    rows[0, SIGMA] = 0.9 * LARGEST_SIGMA * CHANNELS
    free = free_but(2, CONTINUUM, SLOPE, *GRADIENT)
    beside = fit_free(case.problem(case.dirty(component)), rows, free, most_steps=0)
    assert broad_beside_others(beside).tolist() == [True, False]
    assert not broadest(beside).any()
    rows[0, X] += 3 * case.problem(case.dirty(component)).beam_px
    apart = fit_free(case.problem(case.dirty(component)), rows, free, most_steps=0)
    assert not broad_beside_others(apart).any()


def test_a_gradient_that_gains_nothing_is_taken_back(case_named: Callable, component) -> None:
    case = case_named("thermal")
    still = fitted(case, case.dirty(component) + case.noise(6), component, SLOPE)
    assert still.free[0, GX]
    back = stilled(still, NEEDED)
    assert not back.free[0, GRADIENT].any()
    assert not back.values[0, GRADIENT].any()


def test_a_line_that_moves_keeps_its_gradient(case_named: Callable, component) -> None:
    case = case_named("thermal")
    component[GX] = 1.2
    data = model_cube(component[None], case.response) + case.noise(7)
    moving = fitted(case, data, component, SLOPE)
    assert stilled(moving, NEEDED) is moving


def two_continua(case, continua: tuple[float, float], apart: float) -> Fit:
    """Two components without lines fitted to the image of two, some FWHM of the beam apart."""
    truth = np.repeat(source_without_line()[None], 2, axis=0)
    truth[1, X] += apart * case.problem(case.noise(8)).beam_px
    truth[:, CONTINUUM] = continua
    data = model_cube(truth, case.response) + case.noise(8)
    return fit_free(case.problem(data), truth, free_but(2, FLUX, CHANNEL, SIGMA, SLOPE, *GRADIENT))


def source_without_line() -> np.ndarray:
    source = np.zeros(12)
    source[[X, Y, CXX, CYY]] = 72.0, 70.0, 1.5, 1.5
    source[[CHANNEL, SIGMA]] = CHANNELS / 2, 1.0
    return source


def test_what_fills_a_bowl_is_no_source(case_named: Callable) -> None:
    both = two_continua(case_named("thermal"), (20.0, -10.0), apart=1.5)
    assert len(both.values) == 2
    left = shining(both)
    assert len(left.values) == 1
    assert left.values[0, CONTINUUM] > 0


def test_opposite_continua_at_one_place_are_one(case_named: Callable) -> None:
    case = case_named("thermal")
    line = source_without_line()
    line[[FLUX, SIGMA]] = 100.0, 2.0
    data = model_cube((line + only(CONTINUUM, 20.0))[None], case.response) + case.noise(9)
    starts = np.stack([line, source_without_line()])
    # as two that were apart may end: the sum is right, and nothing else
    starts[:, CONTINUUM] = -400.0, 420.0
    free = free_but(2, SLOPE, *GRADIENT)
    free[1, [FLUX, CHANNEL, SIGMA]] = False
    run_away = fit_free(case.problem(data), starts, free, most_steps=0)
    one = with_shared_continua(run_away, NEEDED.kept)
    assert len(one.values) == 1
    assert abs(one.values[0, CONTINUUM] / 20.0 - 1) < 0.03
    assert abs(one.values[0, FLUX] / 100.0 - 1) < 0.1


def test_continua_apart_stay_two(case_named: Callable) -> None:
    both = two_continua(case_named("thermal"), (20.0, 10.0), apart=1.0)
    assert with_shared_continua(both, NEEDED.kept) is both


@pytest.mark.parametrize("second", [50.0, 0.0])
def test_two_sizes_at_one_place_have_two_continua(
    case_named: Callable, component: np.ndarray, second: float
) -> None:
    """Lines tell their sizes; with one continuum, it takes the smaller one's line along.

    second : Jy of the larger one's continuum; without any, the first keeps all of it
    """
    case = case_named("thermal")
    small, large = component.copy(), component.copy()
    small[[CXX, CYY, CXY]], large[[CXX, CYY, CXY]] = [2.0, 2.0, 0.0], [30.0, 30.0, 0.0]
    small[[CHANNEL, CONTINUUM]], large[[CHANNEL, CONTINUUM]] = [7.0, 50.0], [17.0, second]
    small[FLUX] = large[FLUX] = 600.0
    truth = np.stack([small, large])
    data = case.dirty(small) + case.dirty(large) + case.noise(6)
    free = free_but(2, *GRADIENT, SLOPE)
    free[1, CONTINUUM] = False
    start = truth.copy()
    start[1, CONTINUUM] = 0.0
    shared = fit_free(case.problem(data), start, free)
    found = with_their_own(shared, NEEDED.added)
    if second:
        assert abs(shared.values[0, CXX] - 2.0) > 1.0
        deviation = np.sqrt(np.einsum("ipip->ip", found.covariance))
        named = [CXX, CYY, CONTINUUM, FLUX]
        assert np.all(np.abs(found.values - truth)[:, named] < 4 * deviation[:, named])
    else:
        assert found is shared


def test_a_line_alone_needs_no_continuum(case_named: Callable, component) -> None:
    """It stands out of the band by itself, as a line of any brightness may."""
    case = case_named("thermal")
    component[[FLUX, CONTINUUM]] = 600.0, 0.0
    data = model_cube(component[None], case.response) + case.noise(10)
    both = fitted(case, data, component, SLOPE, *GRADIENT)
    line = without_faint_continua(both)
    assert not line.free[0, CONTINUUM]
    assert line.values[0, CONTINUUM] == 0
    assert line.free[0, [X, FLUX, SIGMA]].all()
    assert abs(line.values[0, FLUX] / 600.0 - 1) < 0.02
    # with one number less to fit to noise, chi^2 rises by no more than the square of FAINT
    assert line.chi2 - both.chi2 < FAINT**2


def test_a_continuum_that_is_seen_stays(case_named: Callable, component) -> None:
    case = case_named("thermal")
    component[CONTINUUM] = 4.0
    data = model_cube(component[None], case.response) + case.noise(11)
    both = fitted(case, data, component, SLOPE, *GRADIENT)
    assert continuum_snr(both)[0] > 4
    assert without_faint_continua(both) is both


def only(column: int, value: float) -> np.ndarray:
    row = np.zeros(12)
    row[column] = value
    return row
