"""Filters as blocks against the dense matrix."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfocus.search.banded import doubled, gaussian, gaussians


@settings(deadline=None)
@given(st.integers(3, 150), st.floats(0.0, 40.0), st.sampled_from([1, 2, 4, 8]))
def test_blocks_are_the_matrix_of_gaussians(columns: int, fwhm: float, step: int) -> None:
    rows = gaussians(columns, fwhm, step)
    away = np.arange(0, columns, step)[:, None] - np.arange(columns)[None]
    expected = np.exp(-4 * np.log(2) * (away / fwhm) ** 2) if fwhm > 1 else away == 0
    # cut at 3.5 sigma, where a Gaussian is 0.0022
    assert np.abs(rows.dense() - expected).max() < 0.0023
    values = np.random.default_rng(0).standard_normal((columns, 5)).astype(np.float32)
    assert rows.times(values) == pytest.approx(rows.dense() @ values, abs=1e-4)
    images = np.random.default_rng(1).standard_normal((2, columns, 7)).astype(np.float32)
    along = np.einsum("ry,kyx->krx", rows.dense(), images)
    assert rows.along_y(images) == pytest.approx(along, abs=1e-4)
    turned = rows.along_x(images.transpose(0, 2, 1)).transpose(0, 2, 1)
    assert turned == pytest.approx(along, abs=1e-4)


@given(st.integers(1, 40))
def test_twice_the_nodes_lie_on_straight_lines(n: int) -> None:
    nodes = 3.0 * np.arange(0, n, 2) - 1.0
    twice = doubled(nodes, n, axis=0)
    inside = slice(0, 2 * len(nodes) - 1)
    assert twice[inside] == pytest.approx(3.0 * np.arange(n)[inside] - 1.0)
    assert len(twice) == n


def test_channels_without_data_are_passed_over() -> None:
    rows = gaussians(200, 6.0, 2)
    values = np.random.default_rng(0).standard_normal((200, 7), dtype=np.float32)
    values[40:170] = 0.0
    np.testing.assert_allclose(rows.times(values), rows.dense() @ values, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("fwhm", [1.0, 2.0, 16.0])
def test_one_row_is_that_of_all(fwhm: float) -> None:
    assert gaussian(fwhm, half=40) == pytest.approx(gaussians(81, fwhm, 1).dense()[40], abs=1e-7)
