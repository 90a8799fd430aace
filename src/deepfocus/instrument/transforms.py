"""Fourier transforms of padded planes that are mostly zero, or mostly not needed.

A two-dimensional transform is one along the rows and one along the columns. Rows that are zero
before the first pass, or discarded after the second, need not be transformed. The remaining
numbers are identical to those of a full transform, because they are scaled once, at the end.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import fft, ifft, irfft, next_fast_len, rfft, rfft2


def padded_side(size: int) -> int:
    """Grid side for which circular and linear convolution are equal within the image."""
    side: int = next_fast_len(2 * size, real=True)
    return side


def transfer_of(beam: np.ndarray) -> np.ndarray:
    """(n, n // 2 + 1) complex64 transform on the padded grid of a beam at lags -size to size - 1.

    beam : (2 size, 2 size), lag 0 at [size, size]
    """
    size = len(beam) // 2
    n = padded_side(size)
    kernel = np.zeros((n, n), np.float32)
    rows = np.arange(-size + 1, size) % n
    kernel[rows[:, None], rows[None, :]] = beam[1:, 1:]
    transfer: np.ndarray = rfft2(kernel)
    return transfer


def convolved(image: np.ndarray, transfer: np.ndarray) -> np.ndarray:
    """`image` (size, size) convolved with the kernel whose rfft2 is `transfer` (n, n // 2 + 1).

    n is at least 2 size - 1, so that nothing wraps around into the image.
    """
    size, n = len(image), len(transfer)
    plane = fft(rfft(image, n, axis=1), n, axis=0, overwrite_x=True)
    plane *= transfer
    plane = ifft(plane, axis=0, norm="forward", overwrite_x=True)[:size]
    return _real_rows(plane, n=n, size=size)


def corner_of_image(cells: np.ndarray, *, n: int, size: int) -> np.ndarray:
    """First (size, size) pixels of irfft2 (n, n) of the half-plane that begins with `cells`.

    cells : (n, m) the first m <= n // 2 + 1 columns, overwritten; the other columns are zero
    """
    return _real_rows(ifft(cells, axis=0, norm="forward", overwrite_x=True)[:size], n=n, size=size)


def _real_rows(rows: np.ndarray, *, n: int, size: int) -> np.ndarray:
    """irfft along the rows, cropped, and scaled by 1 / n^2 for both passes."""
    image: np.ndarray = irfft(rows, n, axis=1, norm="forward")[:, :size]
    image *= image.dtype.type(1 / n**2)
    return image
