"""Several components as one."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.fit.parameters import (
    CHANNEL,
    CONTINUUM,
    COUNT,
    CXX,
    CYY,
    FLUX,
    GRADIENT,
    SIGMA,
    SIZES,
    X,
    Y,
)
from deepfocus.fit.together import as_one, explained_by_moving


def a_component() -> np.ndarray:
    row = np.zeros(COUNT)
    row[[X, Y, CHANNEL, SIGMA, FLUX]] = 20.0, 30.0, 12.0, 2.0, 5.0
    row[[CXX, CYY]] = 4.0, 3.0
    row[GRADIENT] = 0.5, -0.2
    return row


def test_one_component_is_itself() -> None:
    assert as_one(a_component()[None]) == pytest.approx(a_component())


def test_a_moving_gaussian_is_recovered_from_its_pieces() -> None:
    """Narrow still pieces along a line's motion have the moments of the line."""
    whole = a_component()
    at = np.linspace(-8.0, 8.0, 81)
    pieces = np.tile(whole, (len(at), 1))
    pieces[:, CHANNEL] += at
    pieces[:, [X, Y]] += at[:, None] * whole[GRADIENT]
    pieces[:, SIGMA], pieces[:, GRADIENT] = 1e-3, 0.0
    pieces[:, FLUX] = np.exp(-0.5 * (at / whole[SIGMA]) ** 2)
    pieces[:, FLUX] *= whole[FLUX] / pieces[:, FLUX].sum()
    # the line is cut at four of its standard deviations
    assert as_one(pieces) == pytest.approx(whole, rel=2e-3, abs=1e-6)


def test_fluxes_and_continua_add_up_and_a_still_pair_that_is_apart_moves() -> None:
    pair = np.array([a_component(), a_component()])
    pair[:, GRADIENT] = 0.0
    pair[:, X] += [-3.0, 3.0]
    pair[:, CHANNEL] += [-3.0, 3.0]
    pair[:, CONTINUUM] = 0.1, 0.3
    one = as_one(pair)
    assert (one[FLUX], one[CONTINUUM]) == pytest.approx((10.0, 0.4))
    assert one[SIGMA] ** 2 == pytest.approx(4.0 + 9.0)
    assert one[GRADIENT] == pytest.approx([9.0 / 13.0, 0.0])
    assert one[SIZES] == pytest.approx([4.0 + 9.0 - 81.0 / 13.0, 3.0, 0.0])


def test_movement_explains_the_extent_of_a_disc_and_not_that_of_neighbours() -> None:
    sides = np.array([a_component(), a_component()])
    sides[:, GRADIENT] = 0.0
    sides[:, X] += [-6.0, 6.0]
    sides[:, CHANNEL] += [-5.0, 5.0]
    assert explained_by_moving(sides) > 0.7
    # two that turn on their own, in the same channels
    beside = sides.copy()
    beside[:, CHANNEL] = 12.0
    beside[:, GRADIENT] = [0.0, 1.0]
    assert explained_by_moving(beside) < 0.6
