"""Filters along one axis as blocks of a banded matrix: rows at every few samples, dense inside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA

REACH_SIGMA = 3.5
FEWEST_ROWS = 16


@dataclass(frozen=True, eq=False)
class Block:
    """Rows start to stop of the matrix, which is 0 outside columns low to high."""

    start: int
    stop: int
    low: int
    high: int
    matrix: np.ndarray


@dataclass(frozen=True, eq=False)
class Banded:
    """A banded matrix (rows, columns); row r is centred on column r * step."""

    rows: int
    columns: int
    step: int
    blocks: tuple[Block, ...]

    def times(self, values: np.ndarray) -> np.ndarray:
        """(rows, n) product with values (columns, n)."""
        out = np.empty((self.rows, values.shape[1]), np.result_type(values, np.float32))
        for block in self.blocks:
            part, rows = values[block.low : block.high], out[block.start : block.stop]
            if part.any():
                np.matmul(block.matrix, part, out=rows)
            else:  # channels without data
                rows[:] = 0.0
        return out

    def along_y(self, images: np.ndarray) -> np.ndarray:
        """(chan, rows, x) of images (chan, y, x)."""
        out = np.empty((len(images), self.rows, images.shape[2]), np.float32)
        for block in self.blocks:
            part = images[:, block.low : block.high]
            np.matmul(block.matrix, part, out=out[:, block.start : block.stop])
        return out

    def along_x(self, images: np.ndarray) -> np.ndarray:
        """(chan, y, rows) of images (chan, y, x)."""
        out = np.empty((*images.shape[:2], self.rows), np.float32)
        for block in self.blocks:
            part = images[:, :, block.low : block.high]
            out[:, :, block.start : block.stop] = part @ block.matrix.T
        return out

    def changed(self, change: Callable[[Block], np.ndarray]) -> Banded:
        """Another matrix with the same band."""
        blocks = tuple(
            Block(b.start, b.stop, b.low, b.high, change(b).astype(np.float32)) for b in self.blocks
        )
        return Banded(self.rows, self.columns, self.step, blocks)

    def row(self, r: int) -> tuple[int, np.ndarray]:
        """First column and values of one row."""
        if not 0 <= r < self.rows:
            raise IndexError(r)
        block = self.blocks[r // self.blocks[0].stop]  # all have as many rows but the last
        return block.low, block.matrix[r - block.start]

    def dense(self) -> np.ndarray:
        """(rows, columns)."""
        matrix = np.zeros((self.rows, self.columns), np.float32)
        for block in self.blocks:
            matrix[block.start : block.stop, block.low : block.high] = block.matrix
        return matrix


def gaussians(columns: int, fwhm: float, step: int) -> Banded:
    """Gaussians of peak 1 centred on every `step`-th column; a FWHM of 1 or less is one column."""
    sigma = fwhm / FWHM_PER_SIGMA
    reach = int(REACH_SIGMA * sigma + 1) if fwhm > 1 else 0
    rows = -(-columns // step)
    together = max(FEWEST_ROWS, -(-2 * reach // step))
    blocks = []
    for start in range(0, rows, together):
        stop = min(start + together, rows)
        low = max(start * step - reach, 0)
        high = min((stop - 1) * step + reach + 1, columns)
        away = np.arange(start, stop)[:, None] * step - np.arange(low, high)[None]
        values = np.exp(-0.5 * (away / sigma) ** 2) if fwhm > 1 else away == 0
        near = np.abs(away) <= reach
        blocks.append(Block(start, stop, low, high, (values * near).astype(np.float32)))
    return Banded(rows, columns, step, tuple(blocks))


def gaussian(fwhm: float, half: int) -> np.ndarray:
    """(2 half + 1,) the middle row of `gaussians` on so many columns, without the others."""
    sigma = fwhm / FWHM_PER_SIGMA
    away = np.arange(-half, half + 1)
    reach = int(REACH_SIGMA * sigma + 1) if fwhm > 1 else 0
    values: np.ndarray = np.exp(-0.5 * (away / sigma) ** 2) * (np.abs(away) <= reach)
    return values


def doubled(values: np.ndarray, n: int, axis: int) -> np.ndarray:
    """Linear interpolation to twice the nodes along an axis, n of them."""
    shape = list(values.shape)
    shape[axis] = n
    out = np.empty(shape, values.dtype)
    known, nodes = np.moveaxis(values, axis, 0), np.moveaxis(out, axis, 0)
    nodes[0::2] = known[: (n + 1) // 2]
    odd = n // 2
    right = known[1 : odd + 1]
    between = nodes[1::2]
    np.add(known[: len(right)], right, out=between[: len(right)])
    between[: len(right)] *= 0.5
    between[len(right) :] = known[len(right) : odd]
    return out
