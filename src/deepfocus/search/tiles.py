"""Parts of the sky whose spectra are searched one after the other, so that they fit in memory.

A tile is read with the nodes around it that its own are compared with. So the result does not
depend on where tiles end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tile:
    """Nodes of the finest grid.

    rows, columns : which it stands for; each node of the grid lies in one tile
    read : rows and columns that are read for it
    """

    rows: slice
    columns: slice
    read: tuple[slice, slice]

    @property
    def inner(self) -> tuple[slice, slice]:
        """Its own rows and columns of what is read."""
        rows, columns = (
            slice(own.start - read.start, own.stop - read.start)
            for own, read in zip((self.rows, self.columns), self.read, strict=True)
        )
        return rows, columns

    def own(self, nodes: np.ndarray) -> np.ndarray:
        """Of nodes (n, 3) of what is read, (chan, row, column), its own, on the whole grid."""
        rows, columns = self.inner
        kept = (
            (nodes[:, 1] >= rows.start)
            & (nodes[:, 1] < rows.stop)
            & (nodes[:, 2] >= columns.start)
            & (nodes[:, 2] < columns.stop)
        )
        own: np.ndarray = nodes[kept] + [0, *(part.start for part in self.read)]
        return own


def tiles(shape: tuple[int, int, int], values_at_once: int) -> Iterator[Tile]:
    """Tiles of a grid (chan, rows, columns), of which one is read with so many values or fewer."""
    channels, *images = shape
    side = max(int(np.sqrt(values_at_once / channels)) - 2, 1)
    rows, columns = (list(_parts(n, side)) for n in images)
    for own_rows, read_rows in rows:
        for own_columns, read_columns in columns:
            yield Tile(own_rows, own_columns, (read_rows, read_columns))


def _parts(n: int, side: int) -> Iterator[tuple[slice, slice]]:
    """Own and read nodes along an axis, parts of about the same length."""
    number = max(1, -(-n // side))
    length = -(-n // number)
    for start in range(0, n, length):
        stop = min(start + length, n)
        yield slice(start, stop), slice(max(start - 1, 0), min(stop + 1, n))
