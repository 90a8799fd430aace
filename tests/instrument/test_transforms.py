"""Transforms that leave rows out against the whole ones of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import irfft2, rfft2

from deepfocus.instrument.transforms import convolved, corner_of_image


@pytest.mark.parametrize(("size", "n"), [(16, 32), (13, 27), (16, 45)])
def test_convolution_is_that_of_the_whole_padded_plane(
    size: int, n: int, rng: np.random.Generator
) -> None:
    image = rng.standard_normal((size, size), dtype=np.float32)
    transfer = rfft2(rng.standard_normal((n, n), dtype=np.float32))
    whole = irfft2(rfft2(image, s=(n, n)) * transfer, s=(n, n))[:size, :size]
    found = convolved(image, transfer)
    assert found.dtype == np.float32
    # rounding of float32 sums of n^2 terms
    np.testing.assert_allclose(found, whole, atol=1e-5 * np.abs(whole).max())


@pytest.mark.parametrize(("n", "columns"), [(32, 5), (32, 17), (27, 14), (27, 1)])
def test_empty_columns_need_not_be_given(n: int, columns: int, rng: np.random.Generator) -> None:
    cells = np.zeros((n, n // 2 + 1), np.complex64)
    cells[:, :columns] = rng.standard_normal((n, columns)) + 1j * rng.standard_normal((n, columns))
    whole = irfft2(cells, s=(n, n))[:10, :10]
    found = corner_of_image(cells[:, :columns].copy(), n=n, size=10)
    np.testing.assert_allclose(found, whole, atol=1e-5 * np.abs(whole).max())
