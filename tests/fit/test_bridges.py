"""Light between two lines that do not touch: the sides of one disc, or two sources."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepfocus.fit.bridges import between_of, bridged
from deepfocus.fit.grow import Needed
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
    SIZES,
    SLOPE,
    X,
    Y,
    free_but,
)
from deepfocus.fit.solve import Fit, fit_free

NEEDED = Needed(kept=25.0, added=50.0, moves=16.0, between=9.0, again=26.0)
APART_PX, APART_CHAN = 16.0, 8.0


def sides() -> np.ndarray:
    """(2, 12) two narrow lines, two beams apart."""
    rows = np.zeros((2, COUNT))
    rows[:, X], rows[:, Y] = 74.0 + APART_PX * np.array([-0.5, 0.5]), 72.0
    rows[:, [CXX, CYY]] = 4.0
    rows[:, CHANNEL], rows[:, SIGMA] = 11.5 + APART_CHAN * np.array([-0.5, 0.5]), 1.0
    rows[:, FLUX] = 50.0
    return rows


def fit_of_sides(case, light: np.ndarray, seed: int) -> Fit:
    """The two sides alone, fitted to what shines."""
    data = model_cube(light, case.response) + case.noise(seed)
    free = free_but(2, CONTINUUM, SLOPE, *GRADIENT)
    return fit_free(case.problem(data), sides(), free)


def test_what_lies_between_fills_the_way() -> None:
    one, other = sides()
    between = between_of(one, other)
    assert between[[X, Y, CHANNEL]] == pytest.approx([74.0, 72.0, 11.5])
    # a quarter of the way, and the narrower of both lines
    assert between[SIGMA] ** 2 == pytest.approx((APART_CHAN / 4) ** 2 + 1.0)
    assert between[GX] == pytest.approx(APART_PX * APART_CHAN / 16 / between[SIGMA] ** 2)
    # its whole extent on the sky is that of a quarter of the way, and the size of both
    assert between[CXX] + between[GX] ** 2 * between[SIGMA] ** 2 == pytest.approx(4.0 + 16.0)
    assert between[CYY] == pytest.approx(4.0)
    assert np.linalg.eigvalsh([[between[CXX], 0.0], [0.0, between[CYY]]])[0] > 0


def test_between_lines_in_the_same_channels_nothing_moves() -> None:
    one, other = sides()
    other[CHANNEL] = one[CHANNEL]
    between = between_of(one, other)
    assert not between[GRADIENT].any()
    assert between[SIZES] == pytest.approx([4.0 + 16.0, 4.0, 0.0])


@pytest.mark.parametrize("name", ["thermal", "cleaned"])
@pytest.mark.parametrize("seed", [1, 2])
def test_light_between_the_sides_of_a_disc_is_found(
    case_named: Callable, name: str, seed: int
) -> None:
    case = case_named(name)
    middle = between_of(*sides())
    middle[FLUX] = 40.0
    apart = fit_of_sides(case, np.concatenate([sides(), middle[None]]), seed)
    found = bridged(apart, NEEDED)
    assert len(found.values) == 3
    assert found.free[2, GRADIENT].all()
    assert found.values[2, GX] > 0
    assert apart.chi2 - found.chi2 > NEEDED.between
    # all of the light, with an error of a twentieth; the sides alone take up a part of it
    assert found.values[:, FLUX].sum() == pytest.approx(140.0, rel=0.1)
    assert apart.values[:, FLUX].sum() < 0.95 * 140.0


@pytest.mark.parametrize("name", ["thermal", "cleaned"])
@pytest.mark.parametrize("seed", [1, 2])
def test_between_two_sources_there_is_none(case_named: Callable, name: str, seed: int) -> None:
    apart = fit_of_sides(case_named(name), sides(), seed)
    assert bridged(apart, NEEDED) is apart


def test_lines_far_from_each_other_are_not_asked(case_named: Callable) -> None:
    case = case_named("thermal")
    far = sides()
    far[:, X] = 48.0, 100.0
    middle = between_of(*far)
    middle[FLUX] = 40.0
    data = model_cube(np.concatenate([far, middle[None]]), case.response) + case.noise(3)
    apart = fit_free(case.problem(data), far, free_but(2, CONTINUUM, SLOPE, *GRADIENT))
    assert bridged(apart, NEEDED) is apart
