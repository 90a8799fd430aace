"""Kernels on a circular plane, their middle at its origin, as products of transforms have them."""

from __future__ import annotations

import numpy as np
from scipy.fft import rfft2


def circular(kernel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A kernel (2 n + 1, 2 n + 1) on a plane (rows, columns): lag 0 at [0, 0], -1 at the end."""
    plane = np.zeros(shape)
    plane[_lags(len(kernel) // 2)] = kernel
    return plane


def centred(plane: np.ndarray, reach: int) -> np.ndarray:
    """(2 reach + 1, 2 reach + 1): the lags to `reach` of a circular plane, 0 in the middle."""
    kernel: np.ndarray = plane[_lags(reach)]
    return kernel


def power(kernel: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(rows, columns // 2 + 1) of a symmetric kernel, with which sums over the cells are products.

    For images a and b, real parts of conj(A) * power * B sum to a . (kernel * b): a cell that
    stands for its conjugate too counts twice.
    """
    rows, columns = shape
    twice = np.full(columns // 2 + 1, 2.0)
    twice[[0, -1] if columns % 2 == 0 else [0]] = 1.0
    cells: np.ndarray = rfft2(circular(kernel, shape)).real * twice / (rows * columns)
    return cells


def _lags(reach: int) -> tuple[np.ndarray, ...]:
    lags = np.arange(-reach, reach + 1)
    return np.ix_(lags, lags)
