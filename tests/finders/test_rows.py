"""Pieces of one galaxy in a row, and sources that are not."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.rows import joined_in_rows
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, SIGMA, X, Y

BEAM_PX, GAIN = 8.0, 60.0
PIECES = ([50.0, 56.0, 63.0], [60.0, 65.0, 71.0], [30.0, 50.0, 71.0])
"""x, y, channel of two sides and a middle, two beams from end to end."""


def components(x: list[float], y: list[float], channel: list[float]) -> np.ndarray:
    rows = np.zeros((len(x), COUNT))
    rows[:, X], rows[:, Y], rows[:, CHANNEL] = x, y, channel
    rows[:, [CXX, CYY]] = (BEAM_PX / FWHM_PER_SIGMA) ** 2
    rows[:, SIGMA], rows[:, FLUX] = 4.0, 1.0
    return rows


def joined(rows: np.ndarray, gain: float = GAIN) -> list[list[int]]:
    groups = [np.array([i]) for i in range(len(rows))]
    gains = np.full(len(rows), gain)
    return sorted(sorted(each.tolist()) for each in joined_in_rows(groups, rows, gains, BEAM_PX))


def test_both_sides_and_the_middle_are_one_galaxy() -> None:
    assert joined(components(*PIECES)) == [[0, 1, 2]]
    assert joined(components(*(each[::-1] for each in PIECES))) == [[0, 1, 2]]


def test_a_galaxy_in_pieces_leaves_another_source_alone() -> None:
    x, y, channel = (
        [*each, other] for each, other in zip(PIECES, (110.0, 66.0, 51.0), strict=True)
    )
    assert joined(components(x, y, channel)) == [[0, 1, 2], [3]]


def test_a_fourth_piece_belongs_to_the_row() -> None:
    x, y, channel = (
        [*each, further] for each, further in zip(PIECES, (69.0, 77.0, 90.0), strict=True)
    )
    assert joined(components(x, y, channel)) == [[0, 1, 2, 3]]


@pytest.mark.parametrize(
    "change",
    [
        {Y: [60.0, 73.0, 71.0]},  # the middle is off the line
        {CHANNEL: [30.0, 69.5, 71.0]},  # ... or it is at one end in frequency
        {CHANNEL: [50.0, 50.0, 50.0]},  # nothing moves
        {CHANNEL: [-30.0, 50.0, 131.0]},  # gaps of eight line widths
        {X: [10.0, 56.0, 103.0], Y: [20.0, 65.0, 111.0]},  # four beams from one to the next
        {X: [55.0, 56.0, 57.0], Y: [64.0, 65.0, 66.0]},  # lines of one place
    ],
)
def test_other_sources_stay_apart(change: dict[int, list[float]]) -> None:
    rows = components(*PIECES)
    for column, values in change.items():
        rows[:, column] = values
    assert joined(rows) == [[0], [1], [2]]


def test_how_straight_a_row_is_depends_on_how_well_places_are_known() -> None:
    rows = components(*PIECES)
    rows[1, Y] += 1.5  # an apparent 11 px FWHM at 7.7 sigma: an error of 0.6 px, and of the ends
    assert joined(rows) == [[0, 1, 2]]
    assert joined(rows, gain=1e4) == [[0], [1], [2]]


def test_crowded_fields_have_hardly_any_by_chance() -> None:
    """Ten sources in 24 x 24 beams and 128 channels; 2,000 in all."""
    rng = np.random.default_rng(1)
    fields = (rng.uniform(0, 1, (3, 10)) * [[192.0], [192.0], [128.0]] for _ in range(200))
    in_rows = sum(len(joined(components(*map(list, field)))) < 10 for field in fields)
    assert in_rows <= 2


def test_a_thousand_sources_are_looked_through() -> None:
    rng = np.random.default_rng(2)
    x, y, channel = rng.uniform(0, 1, (3, 1000)) * [[2000.0], [2000.0], [128.0]]
    assert len(joined(components(list(x), list(y), list(channel)))) >= 990
