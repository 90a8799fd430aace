"""Kernels on circular planes: where they lie, back again, and sums over cells as convolutions."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import rfft2
from scipy.signal import convolve2d

from deepfocus.ops.circular import centred, circular, power


def symmetric(reach: int, rng: np.random.Generator) -> np.ndarray:
    kernel = rng.normal(size=(2 * reach + 1, 2 * reach + 1))
    return np.asarray(kernel + kernel[::-1, ::-1])


def test_the_middle_is_at_the_origin_and_negative_lags_at_the_end() -> None:
    kernel = np.arange(9.0).reshape(3, 3)
    plane = circular(kernel, (5, 6))
    assert plane[0, 0] == kernel[1, 1]
    assert plane[-1, 1] == kernel[0, 2]
    assert np.count_nonzero(plane) == 8
    np.testing.assert_array_equal(centred(plane, 1), kernel)


@given(rows=st.integers(3, 9), columns=st.integers(3, 9), reach=st.integers(0, 3))
def test_sums_over_cells_are_products_with_the_convolved_image(
    rows: int, columns: int, reach: int
) -> None:
    rng = np.random.default_rng(100 * rows + 10 * columns + reach)
    one, other = rng.normal(size=(2, rows, columns))
    kernel = symmetric(reach, rng)
    shape = rows + 2 * reach, columns + 2 * reach
    a, b = rfft2(one, shape), rfft2(other, shape)
    by_cells = np.sum((a.conj() * power(kernel, shape) * b).real)
    full = convolve2d(other, kernel)
    convolved = full[reach : reach + rows, reach : reach + columns]
    np.testing.assert_allclose(by_cells, np.sum(one * convolved), rtol=1e-9, atol=1e-9)
