"""Where arrays of a cube's size lie while it is searched: in memory, or in files of a folder.

Files have no name: they are gone once their array is, or the process, however it ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import room_needed
from deepfocus.core.steps import MadeAnew, Steps
from deepfocus.core.voxels import (
    Changeable,
    ReadByParts,
    Voxels,
    assigned,
    runs,
    slices_of,
)

VALUE_BYTES = 4
CHUNK_PX = 32
"""Rows and columns of a chunk of spectra on disk."""
TILE_PX = 64
"""Rows and columns of a tile of a plane that was changed."""
MAPPED_VALUES = 1 << 22
"""Of a file that are looked at together."""
TOGETHER_VALUES, MOST_TOGETHER = 1 << 22, 64
"""Voxels and channels that are filtered together: more would leave the cache, or fill memory."""


class Workspace(Protocol):
    """values_at_once : how many voxels may be held in memory at a time
    steps : what becomes of the results of long steps
    """

    @property
    def values_at_once(self) -> int: ...

    @property
    def steps(self) -> Steps: ...

    def keeping(self, steps: Steps) -> Workspace:
        """The same, with other steps where they are long."""
        ...

    def together(self, plane: int) -> int:
        """How many channels with planes of so many pixels are worked on at a time."""
        ...

    def spectra(self, shape: tuple[int, int, int], together: int) -> Changeable:
        """(chan, y, x) zeros, to be written in whole images, so many channels at a time from 0 on,
        and to be read in any way."""
        ...

    def copy(self, voxels: Voxels) -> Changeable:
        """A copy to be changed."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Arrays; what is done on the way is done in parts that are a cube of moderate size."""

    values_at_once: int = 1 << 27

    @property
    def steps(self) -> Steps:
        """They are short: none is kept."""
        return MadeAnew()

    def keeping(self, steps: Steps) -> InMemory:
        """The same."""
        return self

    def together(self, plane: int) -> int:
        """As many as the cache likes."""
        return _together(plane, TOGETHER_VALUES)

    def spectra(self, shape: tuple[int, int, int], together: int) -> Changeable:
        """A numpy array."""
        return np.zeros(shape, np.float32)

    def copy(self, voxels: Voxels) -> Changeable:
        """A numpy array."""
        return np.array(voxels, np.float32)


IN_MEMORY = InMemory()


@dataclass(frozen=True)
class OnDisk:
    """Files in a folder, which has to exist.

    values_at_once : voxels held in memory at a time
    steps : what becomes of the results of long steps
    """

    folder: Path
    values_at_once: int
    steps: Steps = field(default_factory=MadeAnew)

    def keeping(self, steps: Steps) -> OnDisk:
        """With other steps."""
        return replace(self, steps=steps)

    def together(self, plane: int) -> int:
        """As many as memory allows: the files are written in pieces so long."""
        return _together(plane, self.values_at_once)

    def spectra(self, shape: tuple[int, int, int], together: int) -> Changeable:
        """Raises `DeepFocusError` if the folder cannot be written to, then or when it is full."""
        return SpectraFile(NamelessFile(self.folder), shape, together)

    def copy(self, voxels: Voxels) -> Changeable:
        """What is not changed is not copied. Raises `DeepFocusError` as `spectra` does."""
        return ChangedVoxels(NamelessFile(self.folder), voxels)


def _together(plane: int, values: int) -> int:
    return min(max(values // max(plane, 1), 1), MOST_TOGETHER)


MORE_SCRATCH = "name a folder with more room with --scratch, or use fewer --workers"


class NamelessFile:
    """Numbers in a file without a name. Raises `DeepFocusError` if the folder cannot be written."""

    def __init__(self, folder: Path) -> None:
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        except OSError as error:
            raise DeepFocusError(
                f"cannot write to {folder}: {error.strerror}",
                wanted="a folder for scratch files",
                remedy="choose another with --scratch",
            ) from error
        weakref.finalize(self, self._file.close)  # it lives as long as the arrays that it holds
        self._folder = folder

    def write(self, values: np.ndarray, at: int) -> None:
        """At an offset in bytes. Raises `DeepFocusError` if the disk is full."""
        # not through a map: a full disk would be a signal then, and no error
        left = memoryview(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
        with room_needed(self._folder, remedy=MORE_SCRATCH):
            while len(left):
                written = os.pwrite(self._file.fileno(), left, at)
                left, at = left[written:], at + written

    def mapped(self, shape: tuple[int, ...], at: int = 0, *, scattered: bool = False) -> np.ndarray:
        """Numbers from an offset in bytes on, as an array of that shape, zero beyond the end.

        What is read of it leaves the process's memory with the array.
        scattered : little of it will be read, here and there
        """
        length = prod(shape) * VALUE_BYTES
        if os.fstat(self._file.fileno()).st_size < at + length:
            os.ftruncate(self._file.fileno(), at + length)
        before = at % mmap.ALLOCATIONGRANULARITY
        values = mmap.mmap(
            self._file.fileno(), before + length, access=mmap.ACCESS_READ, offset=at - before
        )
        if scattered and hasattr(mmap, "MADV_RANDOM"):
            values.madvise(mmap.MADV_RANDOM)  # no pages around those that are read
        return np.frombuffer(values, np.float32, prod(shape), before).reshape(shape)


class SpectraFile(ReadByParts):
    """(chan, y, x) in chunks that hold parts of a few spectra; chunks of zeros are not written.

    together : channels of a chunk
    """

    def __init__(self, file: NamelessFile, shape: tuple[int, int, int], together: int) -> None:
        self.shape, self._file, self._together = shape, file, together
        self._written = np.zeros(self._chunks, bool)

    @property
    def _chunks(self) -> tuple[int, int, int]:
        """Of rows, columns and channels: the order in which they follow each other."""
        chan, ny, nx = self.shape
        return -(-ny // CHUNK_PX), -(-nx // CHUNK_PX), -(-chan // self._together)

    def __setitem__(self, key: Any, values: Any) -> None:
        """Whole images, of the channels of some chunks."""
        (channels, rows, columns), _ = slices_of(key, self.shape)
        whole = (rows, columns) == tuple(slice(0, n, 1) for n in self.shape[1:])
        if not whole or channels.start % self._together or channels.step != 1:
            raise IndexError(f"spectra are written in whole images, {self._together} at a time")
        for first in range(0, channels.stop - channels.start, self._together):
            number = (channels.start + first) // self._together
            self._write(number, values[first : first + self._together])

    def _write(self, number: int, images: np.ndarray) -> None:
        """Chunks of that number along the channels."""
        many_y, many_x, many_chan = self._chunks
        for y in range(many_y):
            strip = images[:, y * CHUNK_PX : (y + 1) * CHUNK_PX]
            for x in range(many_x):
                part = strip[:, :, x * CHUNK_PX : (x + 1) * CHUNK_PX]
                if part.any():
                    chunk = np.zeros((CHUNK_PX, CHUNK_PX, self._together), np.float32)
                    chunk[: part.shape[1], : part.shape[2], : len(part)] = np.moveaxis(part, 0, 2)
                    self._file.write(chunk, ((y * many_x + x) * many_chan + number) * chunk.nbytes)
                    self._written[y, x, number] = True

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        out = np.zeros([_count(part) for part in (channels, rows, columns)], np.float32)
        if not out.size:
            return out
        for y, of_y, in_y in _pieces(rows, CHUNK_PX):
            for x, of_x, in_x in _pieces(columns, CHUNK_PX):
                for of_chan, spectra in self._spectra(y, x, channels, in_y, in_x):
                    out[of_chan, of_y, of_x] = spectra
        return out

    def _spectra(
        self, y: int, x: int, channels: slice, rows: slice, columns: slice
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Samples of the channels, and what they are at some rows and columns of a chunk.

        Of the chunks that were written; those that follow each other are read together.
        """
        together, (_, many_x, many_chan) = self._together, self._chunks
        at = np.arange(channels.start, channels.stop, channels.step)
        asked = np.zeros(many_chan, bool)
        asked[at[0] // together : at[-1] // together + 1] = True
        few = _count(rows) * _count(columns) < CHUNK_PX
        for run in runs(self._written[y, x] & asked):
            shape = (run.stop - run.start, CHUNK_PX, CHUNK_PX, together)
            number = (y * many_x + x) * many_chan + run.start
            chunks = self._file.mapped(shape, number * VALUE_BYTES * prod(shape[1:]), scattered=few)
            part = np.moveaxis(chunks[:, rows, columns], 3, 1)
            spectra = part.reshape(-1, *part.shape[2:])
            low = run.start * together
            start, stop = np.searchsorted(at, [low, low + len(spectra)])
            if start < stop:
                some = slice(at[start] - low, at[stop - 1] - low + 1, channels.step)
                yield slice(start, stop), spectra[some]


class ChangedVoxels(ReadByParts):
    """Voxels with changes: square tiles of planes that were changed lie in a file.

    Each plane is there as rows of tiles, so that both a plane and what lies around a source in
    many channels are read and written in few pieces.
    """

    def __init__(self, file: NamelessFile, original: Voxels) -> None:
        chan, ny, nx = original.shape
        self.shape = chan, ny, nx
        self._file, self._original = file, original
        self._changed = np.zeros((chan, -(-ny // TILE_PX), -(-nx // TILE_PX)), bool)

    def __setitem__(self, key: Any, values: Any) -> None:
        """Any part."""
        (channels, rows, columns), block = assigned(key, values, self.shape)
        if not block.size:
            return
        y, x = (slice(part.start // TILE_PX, -(-part.stop // TILE_PX)) for part in (rows, columns))
        low, left = y.start * TILE_PX, x.start * TILE_PX
        high, right = (
            min(tiles.stop * TILE_PX, n) for tiles, n in zip((y, x), self.shape[1:], strict=True)
        )
        if block.shape[1:] != (high - low, right - left):
            known = self[channels, low:high, left:right]
            known[:, _less(rows, low), _less(columns, left)] = block
            block = known
        self._write(channels, y, x, block)
        self._changed[channels, y, x] = True

    def _write(self, channels: slice, y: slice, x: slice, block: np.ndarray) -> None:
        """Whole tiles of some channels, but for what lies beyond the image."""
        many_y, many_x = y.stop - y.start, x.stop - x.start
        missing = many_y * TILE_PX - block.shape[1], many_x * TILE_PX - block.shape[2]
        whole = np.pad(block, ((0, 0), (0, missing[0]), (0, missing[1])))
        tiles = whole.reshape(len(block), many_y, TILE_PX, many_x, TILE_PX).swapaxes(2, 3)
        for channel, rows_of_tiles in zip(range(*channels.indices(len(self))), tiles, strict=True):
            for row, there in enumerate(rows_of_tiles, y.start):
                self._file.write(there, self._at(channel, row, x.start))

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        down, across = list(_pieces(rows, TILE_PX)), list(_pieces(columns, TILE_PX))
        y, x = ([tile for tile, _, _ in pieces] for pieces in (down, across))
        changed = self._changed[channels][:, y][:, :, x]
        if not changed.any():
            return np.array(self._original[channels, rows, columns], np.float32)
        if changed.all():
            out = np.empty([_count(part) for part in (channels, rows, columns)], np.float32)
        else:
            out = np.array(self._original[channels, rows, columns], np.float32)
        for first in range(0, len(out), together := self._together(len(y) * len(x))):
            some = slice(first, min(first + together, len(out)))
            tiles = self._tiles(range(*channels.indices(len(self)))[some])
            for (j, of_y, in_y), (i, of_x, in_x), known in _changed_tiles(
                down, across, changed[some]
            ):
                out[some][known, of_y, of_x] = tiles[known, j, i, in_y, in_x]
        return out

    def _tiles(self, channels: range) -> np.ndarray:
        """(chan, row, column, y, x) the tiles of some channels, in the file."""
        length = channels[-1] + 1 - channels[0]
        shape = (length, *self._changed.shape[1:], TILE_PX, TILE_PX)
        return self._file.mapped(shape, self._at(channels[0]))[:: channels.step]

    @staticmethod
    def _together(tiles: int) -> int:
        """Channels that are read at once: what is mapped takes memory, too."""
        return max(1, MAPPED_VALUES // (tiles * TILE_PX**2))

    def _at(self, channel: int, row: int = 0, column: int = 0) -> int:
        """Bytes before a tile."""
        _, many_y, many_x = self._changed.shape
        return ((channel * many_y + row) * many_x + column) * TILE_PX**2 * VALUE_BYTES


def _less(part: slice, by: int) -> slice:
    return slice(part.start - by, part.stop - by, part.step)


def _changed_tiles(
    down: list[_Piece], across: list[_Piece], changed: np.ndarray
) -> Iterator[tuple[_Piece, _Piece, slice | np.ndarray]]:
    """Tiles that are changed in some channels, and in which.

    changed : (chan, row, column) bool, of these rows and columns of tiles
    """
    for row, y in enumerate(down):
        for column, x in enumerate(across):
            known = changed[:, row, column]
            if known.all():
                yield y, x, slice(None)
            elif known.any():
                yield y, x, known


def _count(part: slice) -> int:
    return len(range(part.start, part.stop, part.step))


_Piece = tuple[int, slice, slice]


def _pieces(part: slice, size: int) -> Iterator[_Piece]:
    """What of a part lies in each piece of that size of an axis.

    The number of the piece; samples of the part; samples of the piece
    """
    at = np.arange(part.start, part.stop, part.step)
    pieces, first, count = np.unique(at // size, return_index=True, return_counts=True)
    for piece, start, n in zip(pieces.tolist(), first.tolist(), count.tolist(), strict=True):
        low = int(at[start]) - piece * size
        yield piece, slice(start, start + n), slice(low, low + (n - 1) * part.step + 1, part.step)
