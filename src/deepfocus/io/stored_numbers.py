"""Numbers of an image as they lie in a file, of which only what is asked for is read.

The file is read and not mapped: if a mapped file gets shorter, the system kills whoever looks at
what is gone.
"""

from __future__ import annotations

import errno
import os
import weakref
from collections.abc import Sequence
from math import prod
from typing import BinaryIO

import numpy as np

from deepfocus.core.errors import DeepFocusError

SEEK_BYTES = 1 << 16
"""To read elsewhere takes about as long as to read so much more: memory is faster, discs slower."""
MOST_BESIDES = 1 << 24
"""Bytes that are read at once, if some of them are not wanted."""
HOLE_BYTES = 1 << 18
"""From so many bytes on it pays to ask whether they are a hole of a sparse file."""


class StoredNumbers:
    """An array in an open file, which it keeps open.

    name : what messages call the file
    offset : bytes before the first number
    shape, dtype : as they lie in the file, the last axis fastest
    """

    def __init__(
        self, file: BinaryIO, name: str, *, offset: int, shape: Sequence[int], dtype: np.dtype
    ) -> None:
        self.shape, self.dtype = tuple(shape), dtype
        self._name, self._offset = name, offset
        self._descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._descriptor)
        self._state = self._state_now()
        self._strides = [dtype.itemsize * prod(self.shape[i + 1 :]) for i in range(len(shape))]

    def read(self, box: Sequence[int | slice]) -> np.ndarray:
        """A part of it in memory, in the file's byte order.

        box : of each axis, an integer or a slice inside the array, whose step is positive
        Raises `DeepFocusError` if the file cannot be read, or has changed since it was opened.
        """
        block = self._block(
            [one if isinstance(one, slice) else slice(one, one + 1, 1) for one in box]
        )
        self._refuse_changed()
        return block[tuple(slice(None) if isinstance(one, slice) else 0 for one in box)]

    def _block(self, parts: list[slice]) -> np.ndarray:
        counts = [len(range(part.start, part.stop, part.step)) for part in parts]
        if 0 in counts:
            return np.empty(counts, self.dtype)
        steps = [stride * part.step for stride, part in zip(self._strides, parts, strict=True)]
        first = self._offset + sum(
            stride * part.start for stride, part in zip(self._strides, parts, strict=True)
        )
        outer = self._read_singly(counts, steps)
        inner, inner_steps = counts[outer:], steps[outer:]
        length = self._reach(inner, inner_steps)
        if outer == 0:
            return np.ndarray(inner, self.dtype, self._bytes(first, length), strides=inner_steps)
        block = np.empty(counts, self.dtype)
        for index in np.ndindex(*counts[:outer]):
            at = first + sum(i * step for i, step in zip(index, steps, strict=False))
            found = self._bytes(at, length)
            block[index] = np.ndarray(inner, self.dtype, found, strides=inner_steps)
        return block

    def _read_singly(self, counts: list[int], steps: list[int]) -> int:
        """Of how many axes, the slowest, each index is read by itself: the cheapest choice."""
        costs = {}
        for outer in range(len(counts) + 1):
            length = self._reach(counts[outer:], steps[outer:])
            wanted = prod(counts[outer:]) * self.dtype.itemsize
            if length == wanted or length <= MOST_BESIDES:
                costs[outer] = prod(counts[:outer]) * (SEEK_BYTES + length)
        return min(costs, key=costs.__getitem__)

    def _reach(self, counts: list[int], steps: list[int]) -> int:
        """Bytes from the first to the last number of a block, both included."""
        return self.dtype.itemsize + sum(
            (n - 1) * step for n, step in zip(counts, steps, strict=True)
        )

    def _bytes(self, at: int, length: int) -> np.ndarray:
        """(length,) uint8 from an offset in the file."""
        if length >= HOLE_BYTES and self._is_hole(at, length):
            return np.zeros(length, np.uint8)
        found = np.empty(length, np.uint8)
        left = memoryview(found.data)
        while len(left):
            try:
                count = os.preadv(self._descriptor, [left], at)
            except OSError as error:
                raise DeepFocusError(
                    f"cannot read {self._name}: {error.strerror}",
                    wanted="a file that can be read to its end",
                    remedy="check its disk, or copy it to another",
                ) from error
            if count == 0:
                raise self._changed()
            left, at = left[count:], at + count
        return found

    def _is_hole(self, at: int, length: int) -> bool:
        """Whether the system knows that they are zero; they have to lie within the file."""
        if not hasattr(os, "SEEK_DATA") or at + length > self._state[0]:
            return False
        try:
            return os.lseek(self._descriptor, at, os.SEEK_DATA) >= at + length
        except OSError as error:
            return error.errno == errno.ENXIO  # no data up to the end

    def _state_now(self) -> tuple[int, int]:
        status = os.fstat(self._descriptor)
        return status.st_size, status.st_mtime_ns

    def _refuse_changed(self) -> None:
        if self._state_now() != self._state:
            raise self._changed()

    def _changed(self) -> DeepFocusError:
        return DeepFocusError(
            f"{self._name} changed while it was read",
            wanted="a file that is complete",
            remedy="wait until it is written, and start again",
        )
