"""How much memory a process of `detect` may take, and where its scratch files go."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.memory import available_bytes

if TYPE_CHECKING:
    from deepfocus.core.workspace import Workspace

BASE_BYTES, CUBES_HELD = 400e6, 4.0
"""Memory of a process: of its libraries, and times a cube's size while it is searched whole."""
LEAST_BYTES = 1e9
"""In which a cube of any number of channels is searched by parts, if its images are not large."""
LEAST_IMAGE_BYTES = 75.0
"""For each pixel of an image, without which there is no part: 56 and 72 as measured at 8 and 20
million of them."""
SAMPLE_BYTES = 400e6
"""Of the sample that noise is measured from, at most."""
IMAGE_BYTES = 200.0
"""For each pixel of an image: beams, weights and planes of sources."""
TIMES_HELD = 5.0
"""Memory of a part that is searched, over that of its voxels: 3 as measured, and some to spare."""
CUBES_WRITTEN = 1.7
"""Scratch of a cube that is searched by parts, over its size: what the filters make of it where the
beam has less than eight pixels, a quarter of that otherwise. What sources leave comes on top, where
they are."""
VALUE_BYTES = 4
LEAST_VALUES = 1 << 20


@dataclass(frozen=True)
class Room:
    """memory_bytes : of one process; None for what its machine has available then
    scratch : folder for files, which have no name; None for the system's
    sharing : processes that write there at the same time
    """

    memory_bytes: float | None = None
    scratch: Path | None = None
    sharing: int = 1

    @property
    def limit_bytes(self) -> float | None:
        """None if nobody knows."""
        return available_bytes() if self.memory_bytes is None else self.memory_bytes

    def holds(self, shape: tuple[int, int, int]) -> bool:
        """Whether a cube (chan, y, x) is searched as a whole, in memory."""
        limit = self.limit_bytes
        return limit is None or whole_bytes(shape) <= limit

    @property
    def folder(self) -> Path:
        """Of the scratch files."""
        return self.scratch or Path(tempfile.gettempdir())

    def workspace(self, shape: tuple[int, int, int], share: float = 1.0) -> Workspace:
        """For a cube, of which a share has data and the rest is a hole of its file.

        Raises `DeepFocusError` where there is too little memory or disk.
        """
        from deepfocus.core.workspace import IN_MEMORY, MORE_SCRATCH, OnDisk

        limit = self.limit_bytes
        if limit is None or self.holds(shape):
            return IN_MEMORY
        least = least_bytes(shape)
        if limit < least:
            raise DeepFocusError(
                f"{limit / 1e9:.3g} GB of memory for a process",
                wanted=f"{least / 1e9:.3g} GB at least, for images of {shape[2]} x {shape[1]}",
                remedy="give more with --memory, or use fewer --workers",
            )
        needed, free = share * scratch_bytes(shape), _free_bytes(self.folder)
        if needed * self.sharing > free:
            each = "" if self.sharing == 1 else f" for each of {self.sharing} processes"
            raise DeepFocusError(
                f"{self.folder} has {free / 1e9:.3g} GB left",
                wanted=f"{needed / 1e9:.3g} GB for scratch files{each}",
                remedy=MORE_SCRATCH,
            )
        held = BASE_BYTES + min(SAMPLE_BYTES, limit / 4) + IMAGE_BYTES * shape[1] * shape[2]
        left = limit - held
        return OnDisk(self.folder, max(int(left / (VALUE_BYTES * TIMES_HELD)), LEAST_VALUES))


def whole_bytes(shape: tuple[int, int, int]) -> float:
    """Memory of a process that searches a cube as a whole."""
    return BASE_BYTES + CUBES_HELD * _cube_bytes(shape)


def least_bytes(shape: tuple[int, int, int]) -> float:
    """Memory of a process that searches a cube by the smallest parts."""
    images = LEAST_IMAGE_BYTES * shape[1] * shape[2]
    parts = VALUE_BYTES * TIMES_HELD * LEAST_VALUES
    return max(LEAST_BYTES, BASE_BYTES + LEAST_BYTES / 4 + images + parts)


def scratch_bytes(shape: tuple[int, int, int]) -> float:
    """Disk that the search of a cube by parts takes."""
    return CUBES_WRITTEN * _cube_bytes(shape)


def _cube_bytes(shape: tuple[int, int, int]) -> float:
    chan, ny, nx = (float(n) for n in shape)
    return VALUE_BYTES * chan * ny * nx


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError as error:
        raise DeepFocusError(
            f"cannot use {folder} for scratch files: {error.strerror}",
            wanted="a folder that can be written to",
            remedy="name another with --scratch",
        ) from error
