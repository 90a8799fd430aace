"""Arrays of a cube's size, which may lie in memory or be read part by part from a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Voxels(Protocol):
    """What a cube's values are: a numpy array, or something that reads as much as is asked for.

    Indices are integers and slices, whose steps are positive, one for each axis at most, as numpy
    takes them. What comes back is an array in memory; whether it is a copy is not said.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(chan, y, x)."""
        ...

    def __len__(self) -> int:
        """Channels."""
        ...

    def __getitem__(self, key: Any, /) -> Any:
        """A part of it."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """Its planes (y, x), one after the other."""
        ...

    def __array__(self, dtype: Any = None, /, *, copy: bool | None = None) -> np.ndarray:
        """All of it, in memory."""
        ...


class Changeable(Voxels, Protocol):
    """Voxels that can be written to."""

    def __setitem__(self, key: Any, value: Any, /) -> None:
        """Change a part of it."""
        ...


class ReadByParts(ABC):
    """`Voxels` of any class that has a `shape` and reads parts of itself as float32.

    A class implements `_read`, which gets one slice for each of the three axes, inside the cube.
    """

    shape: tuple[int, int, int]

    @abstractmethod
    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        """A part of it, as float32."""

    def __len__(self) -> int:
        """Channels."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """As numpy's; integers and slices alone."""
        parts, integers = slices_of(key, self.shape)
        block = self._read(*parts)
        return block[tuple(0 if i in integers else slice(None) for i in range(3))]

    def __iter__(self) -> Iterator[np.ndarray]:
        """Planes."""
        return (self[channel] for channel in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All of it."""
        if copy is False:
            raise ValueError("voxels that are read by parts are always copied")
        return self[:].astype(dtype or np.float32, copy=False)


@dataclass(frozen=True, eq=False)
class Box(ReadByParts):
    """Some rows and columns of other voxels, which change with them."""

    voxels: Changeable
    rows: slice
    columns: slice

    @property
    def shape(self) -> tuple[int, int, int]:  # type: ignore[override]
        """(chan, y, x) of the box."""
        rows, columns = (part.stop - part.start for part in (self.rows, self.columns))
        return len(self.voxels), rows, columns

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        return np.asarray(self.voxels[channels, *self._there(rows, columns)], np.float32)

    def __setitem__(self, key: Any, values: Any) -> None:
        """Any part."""
        (channels, rows, columns), block = assigned(key, values, self.shape)
        self.voxels[channels, *self._there(rows, columns)] = block

    def _there(self, rows: slice, columns: slice) -> tuple[slice, slice]:
        y, x = (
            slice(part.start + box.start, part.stop + box.start, part.step)
            for part, box in ((rows, self.rows), (columns, self.columns))
        )
        return y, x


def slices_of(key: Any, shape: Sequence[int]) -> tuple[tuple[slice, slice, slice], tuple[int, ...]]:
    """One slice for each axis, inside the shape, and the axes that were given as an integer.

    Raises `IndexError` for an integer outside, or for what is neither integer nor slice.
    """
    given = key if isinstance(key, tuple) else (key,)
    if len(given) > len(shape):
        raise IndexError(f"{len(given)} indices for {len(shape)} axes")
    parts, integers = [], []
    for axis, n in enumerate(shape):
        one = given[axis] if axis < len(given) else slice(None)
        if isinstance(one, slice):
            start, stop, step = one.indices(n)
            if step < 1:
                raise IndexError("a step has to be positive")
            parts.append(slice(start, max(start, stop), step))
        elif isinstance(one, int | np.integer):
            at = int(one) + (n if one < 0 else 0)
            if not 0 <= at < n:
                raise IndexError(f"index {one} is outside an axis of {n}")
            parts.append(slice(at, at + 1, 1))
            integers.append(axis)
        else:
            raise IndexError(f"{one!r} is neither an integer nor a slice")
    first, second, third = parts
    return (first, second, third), tuple(integers)


def assigned(
    key: Any, values: Any, shape: Sequence[int]
) -> tuple[tuple[slice, slice, slice], np.ndarray]:
    """One slice for each axis, as `slices_of` gives them, and what is put there as (chan, y, x).

    Values are spread as numpy spreads them.
    """
    parts, integers = slices_of(key, shape)
    lengths = tuple(len(range(part.start, part.stop, part.step)) for part in parts)
    kept = tuple(n for axis, n in enumerate(lengths) if axis not in integers)
    return parts, np.broadcast_to(np.asarray(values, np.float32), kept).reshape(lengths)


def runs(marks: np.ndarray, most: int | None = None) -> Iterator[slice]:
    """Where marks (n,) bool follow each other without a gap.

    most : so many at a time
    """
    ends = np.flatnonzero(np.diff(np.concatenate([[False], marks, [False]]).astype(np.int8)))
    for start, stop in ends.reshape(-1, 2).tolist():
        for first in range(start, stop, most or stop - start):
            yield slice(first, min(first + (most or stop), stop))


def runs_in_words(marks: np.ndarray) -> str:
    """Those that are marked (n,): '0 to 42, 85 to 127'."""
    return ", ".join(
        f"{run.start}" if run.stop - run.start == 1 else f"{run.start} to {run.stop - 1}"
        for run in runs(marks)
    )


def channel_blocks(
    shape: Sequence[int], values_at_once: int, *, multiple: int = 1
) -> Iterator[slice]:
    """Successive channels of a cube, as many at a time as the values that may be held allow.

    multiple : that many channels, or a multiple of it, in all blocks but the last
    """
    channels, ny, nx = shape
    together = max(1, values_at_once // max(ny * nx, 1) // multiple) * multiple
    for start in range(0, channels, together):
        yield slice(start, min(start + together, channels))
