"""Where arrays of a cube's size lie while it is searched: in memory, or in files of a folder.

Files have no name: they are gone once their array is, or the process, however it ends.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import room_needed
from deepfocus.core.voxels import Changeable, ReadByParts, Voxels, slices_of

EVERYTHING = 1 << 62
VALUE_BYTES = 4
CHUNK = (64, 32, 32)
"""(chan, row, column) of spectra on disk: a quarter of a megabyte, written and read at once."""
STRIP_BYTES = 1 << 18
"""Rows of a plane of a changeable copy that are copied together."""


class Workspace(Protocol):
    """values_at_once : how many voxels may be held in memory at a time"""

    @property
    def values_at_once(self) -> int: ...

    def spectra(self, shape: tuple[int, int, int]) -> Changeable:
        """(chan, y, x) zeros, to be written by channels, CHUNK[0] or a multiple at a time from 0
        on, and to be read in any way."""
        ...

    def copy(self, voxels: Voxels) -> Changeable:
        """A copy to be changed."""
        ...


@dataclass(frozen=True)
class InMemory:
    """Everything at once."""

    values_at_once: int = EVERYTHING

    def spectra(self, shape: tuple[int, int, int]) -> Changeable:
        """A numpy array."""
        return np.zeros(shape, np.float32)

    def copy(self, voxels: Voxels) -> Changeable:
        """A numpy array."""
        return np.array(voxels, np.float32)


@dataclass(frozen=True)
class OnDisk:
    """Files in a folder, which has to exist.

    values_at_once : voxels held in memory at a time
    """

    folder: Path
    values_at_once: int

    def spectra(self, shape: tuple[int, int, int]) -> Changeable:
        """Raises `DeepFocusError` if the folder cannot be written to, then or when it is full."""
        return SpectraFile(NamelessFile(self.folder), shape)

    def copy(self, voxels: Voxels) -> Changeable:
        """What is not changed is not copied. Raises `DeepFocusError` as `spectra` does."""
        return ChangedVoxels(NamelessFile(self.folder), voxels)


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
        with room_needed(self._folder):
            while len(left):
                written = os.pwrite(self._file.fileno(), left, at)
                left, at = left[written:], at + written

    def mapped(self, shape: tuple[int, ...]) -> np.ndarray:
        """The file as an array of that shape, zero beyond its end.

        What is read of it leaves the process's memory with the array.
        """
        length = prod(shape) * VALUE_BYTES
        if os.fstat(self._file.fileno()).st_size < length:
            os.ftruncate(self._file.fileno(), length)
        values = mmap.mmap(self._file.fileno(), length, access=mmap.ACCESS_READ)
        return np.frombuffer(values, np.float32).reshape(shape)


@dataclass(frozen=True, eq=False)
class SpectraFile(ReadByParts):
    """(chan, y, x) in chunks that hold parts of a few spectra; zeros take no room."""

    file: NamelessFile
    shape: tuple[int, int, int]

    @property
    def _chunks(self) -> tuple[int, int, int]:
        """Of columns, rows and channels: the order in which they follow each other."""
        chan, ny, nx = (-(-n // size) for n, size in zip(self.shape, CHUNK, strict=True))
        return ny, nx, chan

    def __setitem__(self, key: Any, values: Any) -> None:
        """Whole images, channels from a multiple of CHUNK[0] on."""
        (channels, rows, columns), _ = slices_of(key, self.shape)
        whole = (rows, columns) == tuple(slice(0, n, 1) for n in self.shape[1:])
        if not whole or channels.start % CHUNK[0] or channels.step != 1:
            raise IndexError(f"spectra are written in whole images, {CHUNK[0]} channels at a time")
        many_y, many_x, many_chan = self._chunks
        for first in range(channels.start, channels.stop, CHUNK[0]):
            images = values[first - channels.start : first - channels.start + CHUNK[0]]
            for y in range(many_y):
                strip = images[:, y * CHUNK[1] : (y + 1) * CHUNK[1]]
                for x in range(many_x):
                    part = strip[:, :, x * CHUNK[2] : (x + 1) * CHUNK[2]]
                    if not part.any():
                        continue
                    chunk = np.zeros((*CHUNK[1:], CHUNK[0]), np.float32)
                    chunk[: part.shape[1], : part.shape[2], : len(part)] = np.moveaxis(part, 0, 2)
                    at = (y * many_x + x) * many_chan + first // CHUNK[0]
                    self.file.write(chunk, at * chunk.nbytes)

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        many_y, many_x, many_chan = self._chunks
        shape = (many_y, many_x, many_chan, *CHUNK[1:], CHUNK[0])
        out = np.zeros([_count(part) for part in (channels, rows, columns)], np.float32)
        chunks = self.file.mapped(shape)
        for y, of_y, in_y in _pieces(rows, CHUNK[1]):
            for x, of_x, in_x in _pieces(columns, CHUNK[2]):
                for k, of_k, in_k in _pieces(channels, CHUNK[0]):
                    part = chunks[y, x, k, in_y, in_x, in_k]
                    out[of_k, of_y, of_x] = np.moveaxis(part, 2, 0)
        return out


class ChangedVoxels(ReadByParts):
    """Voxels with changes: strips of planes that were changed lie in a file."""

    def __init__(self, file: NamelessFile, original: Voxels) -> None:
        chan, ny, nx = original.shape
        self.shape = chan, ny, nx
        self._file, self._original = file, original
        self._changed = np.zeros((chan, -(-ny // self._rows)), bool)

    @property
    def _rows(self) -> int:
        """Of a strip."""
        return max(1, STRIP_BYTES // (VALUE_BYTES * self.shape[2]))

    def __setitem__(self, key: Any, values: Any) -> None:
        """Any part."""
        (channels, rows, columns), integers = slices_of(key, self.shape)
        shape = tuple(_count(part) for part in (channels, rows, columns))
        kept = tuple(n for axis, n in enumerate(shape) if axis not in integers)
        block = np.broadcast_to(np.asarray(values, np.float32), kept).reshape(shape)
        for channel, plane in zip(range(*channels.indices(len(self))), block, strict=True):
            for strip, of, inside in _pieces(rows, self._rows):
                low = strip * self._rows
                high = min(low + self._rows, self.shape[1])
                known = self._read(
                    slice(channel, channel + 1, 1), slice(low, high, 1), slice(0, self.shape[2], 1)
                )[0]
                known[inside, columns] = plane[of]
                at = (channel * self.shape[1] + low) * self.shape[2] * VALUE_BYTES
                self._file.write(known, at)
                self._changed[channel, strip] = True

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        out = np.array(self._original[channels, rows, columns], np.float32)
        if not self._changed[channels].any():
            return out
        planes = self._file.mapped(self.shape)
        for i, channel in enumerate(range(*channels.indices(len(self)))):
            for strip, of, inside in _pieces(rows, self._rows):
                if self._changed[channel, strip]:
                    low = strip * self._rows
                    known = planes[channel, low : low + self._rows]
                    out[i, of] = known[inside, columns]
        return out


def _count(part: slice) -> int:
    return len(range(part.start, part.stop, part.step))


def _pieces(part: slice, size: int) -> Iterator[tuple[int, slice, slice]]:
    """What of a part lies in each piece of that size of an axis.

    The number of the piece; samples of the part; samples of the piece
    """
    at = np.arange(part.start, part.stop, part.step)
    pieces, first, count = np.unique(at // size, return_index=True, return_counts=True)
    for piece, start, n in zip(pieces.tolist(), first.tolist(), count.tolist(), strict=True):
        low = int(at[start]) - piece * size
        yield piece, slice(start, start + n), slice(low, low + (n - 1) * part.step + 1, part.step)
