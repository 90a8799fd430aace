"""Whether two lines are the sides of one disc: what a disc in their place would lose."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepfocus.fit.horns import lost_as_disc
from deepfocus.fit.image import model_cube
from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
    CYY,
    FLUX,
    GRADIENT,
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


def as_two_lines(case, light: np.ndarray, seed: int) -> Fit:
    data = model_cube(light, case.response) + case.noise(seed)
    free = free_but(2, CONTINUUM, SLOPE, *GRADIENT)
    return fit_free(case.problem(data), pair(100.0, 1.0), free)


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
@pytest.mark.parametrize("inclination_deg", [40.0, 80.0])
def test_a_disc_loses_nothing_in_place_of_its_sides(
    case_named: Callable, name: str, inclination_deg: float
) -> None:
    fitted = as_two_lines(case_named(name), disc(100.0, inclination_deg), seed=1)
    assert lost_as_disc(fitted, np.array([0, 1])) < ALLOWED


@pytest.mark.parametrize("name", ["thermal", "cleaned", "white"])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_disc_in_place_of_two_sources_does(case_named: Callable, name: str, ratio: float) -> None:
    fitted = as_two_lines(case_named(name), pair(100.0, ratio), seed=1)
    assert lost_as_disc(fitted, np.array([0, 1])) > ALLOWED
