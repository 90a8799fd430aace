"""Whether two lines are the sides of one disc: what a disc in their place would lose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepfocus.fit.horns import are_sides, lost_as_disc
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
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

ALLOWED = 12.0
"""Of chi^2: what `explaining` lets a disc lose."""
PLACE = np.array([74.0, 72.0, 11.5])
RADIUS_PX, TURN_PX, SPEED_CHAN = 5.0, 1.5, 6.0
"""Scale length, where the rotation curve bends, and how fast it rotates at last, as is seen."""


def disc(flux: float, inclination_deg: float) -> np.ndarray:
    """(400, 12) clouds of an exponential disc with a rotation curve that becomes flat."""
    rng = np.random.default_rng(0)
    radius = rng.gamma(2.0, RADIUS_PX, 400)
    azimuth = 2 * np.pi * (np.arange(400) + 0.5) / 400
    rows = np.zeros((400, COUNT))
    rows[:, X] = PLACE[0] + radius * np.cos(azimuth)
    rows[:, Y] = PLACE[1] + radius * np.sin(azimuth) * np.cos(np.deg2rad(inclination_deg))
    rows[:, CHANNEL] = PLACE[2] + SPEED_CHAN * np.tanh(radius / TURN_PX) * np.cos(azimuth)
    rows[:, SIGMA], rows[:, FLUX] = 0.8, flux / 400
    return rows


def pair(flux: float, ratio: float) -> np.ndarray:
    """(2, 12) two sources as far apart as the sides of the disc; the fainter has 1 / ratio."""
    rows = np.zeros((2, COUNT))
    rows[:, X] = PLACE[0] + RADIUS_PX * np.array([-1, 1])
    rows[:, Y] = PLACE[1]
    rows[:, CHANNEL] = PLACE[2] + 0.8 * SPEED_CHAN * np.array([-1, 1])
    rows[:, [CXX, CYY]], rows[:, SIGMA] = 4.0, 1.5
    rows[:, FLUX] = flux / (1 + ratio) * np.array([ratio, 1])
    return rows


def as_two_lines(case, light: np.ndarray, start: np.ndarray, *, seed: int) -> Fit:
    data = model_cube(light, case.response) + case.noise(seed)
    return fit_free(case.problem(data), start, free_but(2, CONTINUUM, SLOPE, *GRADIENT))


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
@pytest.mark.parametrize("inclination_deg", [40.0, 80.0])
def test_a_disc_loses_nothing_in_place_of_its_sides(
    case_named: Callable, name: str, inclination_deg: float
) -> None:
    fitted = as_two_lines(case_named(name), disc(100.0, inclination_deg), pair(100.0, 1.0), seed=1)
    assert lost_as_disc(fitted, np.array([0, 1])) < ALLOWED


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_disc_in_place_of_two_sources_does(case_named: Callable, name: str, ratio: float) -> None:
    fitted = as_two_lines(case_named(name), pair(100.0, ratio), pair(100.0, 1.0), seed=1)
    assert lost_as_disc(fitted, np.array([0, 1])) > ALLOWED


FAR = np.array([12.0, 0.0, 6.0])
"""From the middle of a ring to its horns: three beams from one to the other, in 12 channels."""


def ring(flux: float) -> np.ndarray:
    """(40, 12) a thin ring seen edge on, as sharp in velocity as a channel."""
    rows = np.zeros((40, COUNT))
    azimuth = np.pi * (np.arange(40) + 0.5) / 40
    rows[:, [X, Y, CHANNEL]] = PLACE + np.outer(np.cos(azimuth), FAR)
    rows[:, [CXX, CYY]], rows[:, SIGMA], rows[:, FLUX] = 2.0, 1.0, flux / 40
    return rows


def ends(flux: float) -> np.ndarray:
    """(2, 12) the horns alone."""
    rows = np.zeros((2, COUNT))
    rows[:, [X, Y, CHANNEL]] = PLACE + np.outer([-0.9, 0.9], FAR)
    rows[:, [CXX, CYY]], rows[:, SIGMA], rows[:, FLUX] = 4.0, 1.2, flux / 2
    return rows


@pytest.mark.parametrize("name", ["thermal", "cleaned"])
@pytest.mark.parametrize("seed", [1, 2])
def test_horns_that_do_not_touch_are_sides_where_a_ring_shines(
    case_named: Callable, name: str, seed: int
) -> None:
    case = case_named(name)
    assert are_sides(as_two_lines(case, ring(90.0), ends(60.0), seed=seed), np.array([0, 1]))
    assert not are_sides(as_two_lines(case, ends(60.0), ends(60.0), seed=seed), np.array([1, 0]))


def test_lines_in_the_same_channels_are_no_sides(case_named: Callable) -> None:
    """What shines between two such lines is a longer source, and nothing that rotates."""
    case = case_named("thermal")
    row = ring(90.0)
    row[:, CHANNEL] = PLACE[2]
    data = model_cube(row, case.response) + case.noise(1)
    starts = ends(60.0)
    starts[:, CHANNEL] = PLACE[2]
    free = free_but(2, CONTINUUM, SLOPE, CHANNEL, *GRADIENT)
    assert not are_sides(fit_free(case.problem(data), starts, free), np.array([0, 1]))


def test_a_line_that_moves_is_not_judged_as_if_it_stood_still(case_named: Callable) -> None:
    """Across the way to the other, as no disc moves that has both."""
    case = case_named("thermal")
    light = ends(100.0)
    light[0, SIGMA], light[0, GX] = 2.5, -4.0
    data = model_cube(light, case.response) + case.noise(1)
    moving = fit_free(case.problem(data), light, free_but(2, CONTINUUM, SLOPE))
    assert lost_as_disc(moving, np.array([0, 1])) > 3 * ALLOWED
    still = moving.values.copy()
    still[:, GRADIENT] = 0.0
    stilled = fit_free(case.problem(data), still, free_but(2, CONTINUUM, SLOPE, *GRADIENT))
    assert lost_as_disc(stilled, np.array([0, 1])) < lost_as_disc(moving, np.array([0, 1]))
