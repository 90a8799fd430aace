"""One velocity field or two: rotating discs, alone, beside and in front of each other."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.fit.parameters import (
    CHANNEL,
    COUNT,
    CXX,
    CXY,
    CYY,
    FLUX,
    GX,
    GY,
    SIGMA,
    X,
    Y,
)
from deepfocus.fit.velocity_field import MOST, off_the_field

BEAM = 3.5


def disc(
    x: float,
    y: float,
    channel: float,
    *,
    length: float = 24.0,
    width: float = 20.0,
    turnover: float = 0.3,
    pa: float = 0.0,
    flux: float = 1.0,
    stretches: int = 8,
) -> np.ndarray:
    """Components along a disc: its rotation curve is arctan(r / turnover), r from -1 to 1.

    length : px, from the middle to an end; width : channels, the same; negative turns it round
    turnover : of the length; pa : from x to y, radians
    Each is as long as its stretch, half as wide, and has a dispersion of 1.5 channels.
    """
    rows = np.zeros((stretches, COUNT))
    r = (np.arange(stretches) + 0.5) * 2 / stretches - 1
    way = np.array([np.cos(pa), np.sin(pa)])
    rows[:, [X, Y]] = np.array([x, y]) + length * r[:, None] * way
    rows[:, CHANNEL] = channel + width * np.arctan(r / turnover) / np.arctan(1 / turnover)
    long, wide = (2 * length / stretches / np.sqrt(12)) ** 2, 4.0
    rows[:, CXX] = long * way[0] ** 2 + wide * way[1] ** 2
    rows[:, CYY] = long * way[1] ** 2 + wide * way[0] ** 2
    rows[:, CXY] = (long - wide) * way[0] * way[1]
    slope = width / np.arctan(1 / turnover) / turnover / (1 + (r / turnover) ** 2) / length
    spread = slope**2 * long + 1.5**2
    motion = slope * long / spread
    rows[:, SIGMA] = np.sqrt(spread)
    rows[:, [GX, GY]] = motion[:, None] * way
    # what moves is no longer part of the size
    moved = motion**2 * spread
    rows[:, CXX] -= moved * way[0] ** 2
    rows[:, CYY] -= moved * way[1] ** 2
    rows[:, CXY] -= moved * way[0] * way[1]
    rows[:, FLUX] = flux / stretches * np.exp(-np.abs(r))
    return rows


def off(components: np.ndarray) -> list[int]:
    return np.flatnonzero(off_the_field(components, beam_sigma_px=BEAM)).tolist()


@pytest.mark.parametrize("turnover", [0.05, 0.3, 3.0])
@pytest.mark.parametrize("pa", [0.0, 0.7])
def test_a_disc_has_one_velocity_field(turnover: float, pa: float) -> None:
    """From a level rotation curve to that of a solid body."""
    assert off(disc(100.0, 100.0, 50.0, turnover=turnover, pa=pa)) == []


def test_two_halves_of_one_disc_are_not_told_from_two() -> None:
    """Where the middle is not seen, they are level, at two velocities: nothing is divided."""
    ends = disc(100.0, 100.0, 50.0, turnover=0.05)[[0, 1, 2, 5, 6, 7]]
    assert off(ends) == []


def test_a_disc_that_turns_the_other_way_beside_it_is_another_galaxy() -> None:
    one, other = disc(100.0, 100.0, 50.0), disc(138.0, 100.0, 50.0, width=-20.0, flux=0.5)
    both = np.concatenate([one, other[3:6]])
    assert off(both) == [8, 9, 10]


def test_a_broad_line_beside_a_thin_sheet_is_another_galaxy() -> None:
    """It has the velocity that the disc would have there, but a disc is thin so far out."""
    one, beside = disc(100.0, 100.0, 50.0), disc(131.0, 100.0, 72.0, stretches=1, flux=0.1)
    beside[0, [CXX, CYY, CXY, GX, GY]] = 16.0, 16.0, 0.0, 0.0, 0.0
    narrow, broad = beside.copy(), beside.copy()
    narrow[0, SIGMA], broad[0, SIGMA] = 2.0, 15.0
    assert off(np.concatenate([one, narrow])) == []
    assert off(np.concatenate([one, broad])) == [8]


def test_a_broad_line_brighter_than_the_disc_beside_it_is_another_galaxy() -> None:
    """It is a single one, and shows no sheet; off that of the disc it is thick."""
    one, beside = disc(100.0, 100.0, 50.0), disc(131.0, 100.0, 72.0, stretches=1, flux=2.0)
    beside[0, [CXX, CYY, CXY, GX, GY]] = 4.0, 4.0, 0.0, 0.0, 0.0
    beside[0, SIGMA] = 15.0
    assert off(np.concatenate([one, beside])) == [8]
    # of two or three, nobody knows which is the disc
    assert off(np.concatenate([one[3:5], beside])) == []


def test_a_broad_line_in_the_middle_is_that_of_a_steep_rotation_curve() -> None:
    one, middle = disc(100.0, 100.0, 50.0), disc(100.0, 103.0, 50.0, stretches=1, flux=0.1)
    middle[0, [CXX, CYY, CXY, GX, GY]] = 4.0, 4.0, 0.0, 0.0, 0.0
    middle[0, SIGMA] = 15.0
    assert off(np.concatenate([one, middle])) == []


def test_what_is_too_faint_to_be_known_or_too_much_to_be_divided_is_left_as_it_is() -> None:
    one, other = disc(100.0, 100.0, 50.0), disc(138.0, 100.0, 50.0, width=-20.0, flux=0.5)
    faint = other[3:6].copy()
    faint[:, FLUX] *= 0.01
    assert off(np.concatenate([one, faint])) == []
    assert off(one[:1]) == []
    many = np.concatenate([disc(100.0, 100.0, 50.0, stretches=MOST), other])
    assert off(many) == []
