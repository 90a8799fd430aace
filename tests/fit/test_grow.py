"""Components are found where there are any, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from deepfocus.fit.grow import Needed, grow
from deepfocus.fit.parameters import CONTINUUM, FLUX, GRADIENT, SIZES, SLOPE, free_but

NEEDED = Needed(kept=45.0, added=45.0, moves=16.0, between=9.0, again=26.0)
"""2 ln V + 27, with 1e4 beams times channels."""
NONE = np.zeros((0, 12))
STILL = free_but(1, *GRADIENT, SLOPE)


def bright(case, row: np.ndarray, snr: float) -> np.ndarray:
    row = row.copy()
    row[[FLUX, CONTINUUM]] *= snr / case.limit(row).snr
    return row


def test_noise_grows_nothing(case) -> None:
    for seed in range(5):
        assert len(grow(case.problem(case.noise(seed)), NONE, STILL[:0], NEEDED).values) == 0


def test_a_faint_neighbour_is_added(case, component: np.ndarray) -> None:
    one = bright(case, component, 60.0)
    other = component.copy()
    other[:2] += -15.0, 12.0
    other[5] = 15.0
    other = bright(case, other, 15.0)
    data = case.dirty(one) + case.dirty(other) + case.noise(11)
    found = grow(case.problem(data), one[None], STILL, NEEDED)
    assert len(found.values) == 2
    assert found.values[1, :2] == pytest.approx(other[:2], abs=1.5)
    assert found.residual_peak < np.sqrt(NEEDED.added)


def test_a_close_pair_is_split(case_named: Callable, component: np.ndarray) -> None:
    """0.6 beams apart at a signal-to-noise ratio of 60 each: one peak, two components."""
    case = case_named("thermal")
    component[SIZES] *= 0.1
    one = bright(case, component, 60.0)
    other = one.copy()
    other[1] += 0.6 * case.response.beam_px
    data = case.dirty(one) + case.dirty(other) + case.noise(13)
    start = (one + other) / 2
    found = grow(case.problem(data), start[None], STILL, NEEDED)
    assert len(found.values) == 2
    assert np.sort(found.values[:, 1]) == pytest.approx([one[1], other[1]], abs=0.5)
    assert found.values[:, FLUX].sum() == pytest.approx(2 * one[FLUX], rel=0.1)


def test_one_component_stays_one(case, component: np.ndarray) -> None:
    one = bright(case, component, 100.0)
    found = grow(case.problem(case.dirty(one) + case.noise(17)), one[None], STILL, NEEDED)
    assert len(found.values) == 1


def test_a_start_on_noise_is_dropped(case_named: Callable, component: np.ndarray) -> None:
    case = case_named("thermal")
    start = component.copy()
    start[[FLUX, CONTINUUM]] = np.nan
    assert len(grow(case.problem(case.noise(19)), start[None], STILL, NEEDED).values) == 0
