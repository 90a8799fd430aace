"""Waves in the uv cells of a patch, made and summed one axis after the other.

Cells lie in rows of one v and columns of one u, and a wave is one along u times one along v. A sum
over all cells is one along each row, then one over the rows: there, a power of u and v is no more
than a factor, and no cell has to have its wave.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

POWERS = np.arange(5)
"""Of u and of v, in products of two images and their changes."""
POWERS_OF_ONE = POWERS[:3]


@dataclass(frozen=True, eq=False)
class UvGrid:
    """Cells (cell,) in rows (row,) of one v and columns (column,) of one u.

    u, v : (column,), (row,) cycles per pixel, ascending
    column, row : (cell,) of each cell
    """

    u: np.ndarray
    v: np.ndarray
    column: np.ndarray
    row: np.ndarray

    @classmethod
    def of(cls, u: np.ndarray, v: np.ndarray) -> UvGrid:
        """u, v : (cell,)"""
        along_u, column = np.unique(u, return_inverse=True)
        along_v, row = np.unique(v, return_inverse=True)
        return cls(along_u, along_v, column, row)

    def waves(self, places: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """(m, some cells) complex exp(2 pi i u.r) at places r (m, 2) in pixels."""
        waves: np.ndarray = _waves(places[:, 0], self.u)[:, self.column[cells]]
        waves *= _waves(places[:, 1], self.v)[:, self.row[cells]]
        return waves

    def sums(self, values: np.ndarray, cells: np.ndarray, places: np.ndarray) -> np.ndarray:
        """(m, 5, 5) sums of real values (some cells,) times u^a v^b exp(2 pi i u.r), at [a, b].

        places : (m, 2) r in pixels
        """
        rows, columns = (_span(each[cells]) for each in (self.row, self.column))
        u, v = self.u[columns], self.v[rows]
        spread = np.zeros((len(u), len(v)))
        spread[self.column[cells] - columns.start, self.row[cells] - rows.start] = values
        along_u = _waves(places[:, 0], u)[:, None] * u ** POWERS[:, None]
        flat = along_u.reshape(len(places) * len(POWERS), len(u))
        by_row = np.empty((len(flat), len(v)), complex)
        by_row.real, by_row.imag = flat.real @ spread, flat.imag @ spread
        by_row = by_row.reshape(*along_u.shape[:2], len(v)) * _waves(places[:, 1], v)[:, None]
        summed: np.ndarray = by_row @ (v[:, None] ** POWERS)
        return summed

    def sums_of_each(self, values: np.ndarray, light: np.ndarray, places: np.ndarray) -> np.ndarray:
        """(m, 3, 3) sums of values (m, column, row), each with its own wave, as in `sums`.

        light : (column, row) that all are multiplied by; places : (m, 2)
        """
        along_u = _waves(places[:, 0], self.u)[:, None] * self.u ** POWERS_OF_ONE[:, None]
        by_row = np.matmul(along_u, values * light) * _waves(places[:, 1], self.v)[:, None]
        summed: np.ndarray = by_row @ (self.v[:, None] ** POWERS_OF_ONE)
        return summed

    def spread(self, values: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """(..., column, row) of values (..., some cells); 0 where there is none of these."""
        spread = np.zeros((*values.shape[:-1], len(self.u), len(self.v)), values.dtype)
        spread[..., self.column[cells], self.row[cells]] = values
        return spread


def _waves(along: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """(m, frequency) exp(2 pi i f x)"""
    waves: np.ndarray = np.exp(2j * np.pi * np.outer(along, frequency))
    return waves


def _span(numbers: np.ndarray) -> slice:
    """From the least to the greatest of some; nothing where there are none."""
    return slice(int(numbers.min()), int(numbers.max()) + 1) if len(numbers) else slice(0, 0)
