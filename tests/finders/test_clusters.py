"""Which components are fitted together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.finders.deepfocus.clusters import MOST, clusters_of
from deepfocus.fit.parameters import COUNT, FLUX, X, Y

BEAM_PX = 5.0


def at(places: np.ndarray) -> np.ndarray:
    """Points of flux 1 at places (n, 2)."""
    rows = np.zeros((len(places), COUNT))
    rows[:, [X, Y]], rows[:, FLUX] = places, 1.0
    return rows


def test_neighbours_are_fitted_together_and_others_alone() -> None:
    rows = at(np.array([[10.0, 10.0], [16.0, 10.0], [60.0, 60.0]]))
    found = sorted(map(tuple, clusters_of(rows, BEAM_PX, np.full(3, -1))))
    assert found == [(0, 1), (2,)]


def test_what_was_fitted_together_stays_together() -> None:
    rows = at(np.array([[10.0, 10.0], [60.0, 60.0]]))
    assert len(list(clusters_of(rows, BEAM_PX, np.array([3, 3])))) == 1


@given(n=st.integers(1, 90), fits=st.integers(0, 5), spread=st.floats(1.0, 300.0))
def test_every_component_is_in_one_part_and_no_part_is_too_large(
    n: int, fits: int, spread: float
) -> None:
    rng = np.random.default_rng(n)
    rows = at(rng.uniform(0, spread, (n, 2)))
    fit_of = rng.integers(-1, fits, n) if fits else np.full(n, -1)
    parts = list(clusters_of(rows, BEAM_PX, fit_of))
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert max(map(len, parts)) <= MOST
