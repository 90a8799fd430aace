"""Waves and their sums, axis by axis, are those of each cell by itself."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.fit.uv_grid import POWERS, POWERS_OF_ONE, UvGrid

SIDE = 48
PLACES = np.array([[0.0, 0.0], [3.2, -1.7], [-20.4, 11.0]])


@pytest.fixture
def cells() -> tuple[np.ndarray, np.ndarray]:
    """u and v of a ring: rows and columns have holes."""
    v, u = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]
    radius = np.hypot(u, v)
    ring = (radius > 0.1) & (radius < 0.35)
    return np.broadcast_to(u, ring.shape)[ring], np.broadcast_to(v, ring.shape)[ring]


def brute_waves(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    turns = PLACES[:, [0]] * u + PLACES[:, [1]] * v
    return np.asarray(np.exp(2j * np.pi * turns))


def test_waves_are_those_of_each_cell(cells: tuple[np.ndarray, np.ndarray]) -> None:
    some = np.arange(3, len(cells[0]), 7)
    waves = UvGrid.of(*cells).waves(PLACES, some)
    np.testing.assert_allclose(waves, brute_waves(*cells)[:, some], atol=1e-13)


@pytest.mark.parametrize("step", [1, 7, 400])
def test_sums_are_those_over_each_cell(cells: tuple[np.ndarray, np.ndarray], step: int) -> None:
    u, v = cells
    some = np.arange(0, len(u), step)
    values = np.random.default_rng(0).standard_normal(len(some))
    sums = UvGrid.of(u, v).sums(values, some, PLACES)
    powers = u[some] ** POWERS[:, None, None] * v[some] ** POWERS[:, None]
    wanted = np.einsum("mc,abc->mab", brute_waves(u, v)[:, some] * values, powers)
    np.testing.assert_allclose(sums, wanted, atol=1e-12 * np.abs(values).sum())


def test_each_is_summed_with_its_own_wave(cells: tuple[np.ndarray, np.ndarray]) -> None:
    u, v = cells
    rng = np.random.default_rng(1)
    values = rng.standard_normal((len(PLACES), len(u))) + 1j
    light = rng.random(len(u))
    grid, each = UvGrid.of(u, v), np.arange(len(u))
    sums = grid.sums_of_each(grid.spread(values, each), grid.spread(light, each), PLACES)
    powers = u ** POWERS_OF_ONE[:, None, None] * v ** POWERS_OF_ONE[:, None]
    wanted = np.einsum("mc,abc->mab", brute_waves(u, v) * values * light, powers)
    np.testing.assert_allclose(sums, wanted, atol=1e-12 * np.abs(values).sum())


def test_of_no_cells_there_is_nothing(cells: tuple[np.ndarray, np.ndarray]) -> None:
    sums = UvGrid.of(*cells).sums(np.empty(0), np.empty(0, int), PLACES)
    assert sums.shape == (3, 5, 5)
    assert not sums.any()
