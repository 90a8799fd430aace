"""The pixels of an open CASA image as voxels (chan, y, x) that are read part by part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.voxels import ReadByParts
from deepfocus.io.casa_folder import files_of
from deepfocus.io.fits_axes import Axes
from deepfocus.io.fits_voxels import as_brightness

State = Mapping[Path, tuple[int, int]]
"""Size and time of the last change of the files of an image."""
COMPLAINTS = (RuntimeError, OSError, ValueError, TypeError, LookupError, MemoryError)
"""What python-casacore raises over an image that is damaged; the last for impossible lengths."""
BEFORE_THE_REASON = re.compile(r"^.*cannot be opened as image \(expression\): |^.*SEVERE\s.*\)\s+")


@dataclass(frozen=True, eq=False)
class CasaVoxels(ReadByParts):
    """Voxels, NaN where the image's own mask says so.

    opened : image of python-casacore, whose axes are in the order of a FITS file's array
    path : of it; state : of its files when it was opened
    tile : (chan, y, x) of what casacore reads together, and keeps for the parts beside it
    """

    opened: Any
    path: Path
    state: State
    axes: Axes
    shape: tuple[int, int, int]
    tile: tuple[int, int, int]

    def _read(self, channels: slice, rows: slice, columns: slice) -> np.ndarray:
        """Raises `DeepFocusError` if the image cannot be read, or has changed."""
        box = self.axes.part(channels, rows, columns)
        parts = [one if isinstance(one, slice) else slice(one, one + 1, 1) for one in box]
        counts = [len(range(part.start, part.stop, part.step)) for part in parts]
        asked = tuple(slice(None) if isinstance(one, slice) else 0 for one in box)
        if 0 in counts:
            return as_brightness(self.axes.transposed(np.empty(counts, np.float32)[asked]))
        first = [part.start for part in parts]
        steps = [part.step for part in parts]
        last = [at + (n - 1) * step for at, n, step in zip(first, counts, steps, strict=True)]
        if state_of(self.path) != self.state:
            raise _changed(self.path)
        with casacores_complaints(self.path):
            values = self.opened.getdata(first, last, steps)[asked]
            masked = self.opened.getmask(first, last, steps)[asked]
        block = as_brightness(self.axes.transposed(values))
        block[self.axes.transposed(masked)] = np.nan
        return block


def state_of(path: Path) -> State:
    """Of the files of an image. Raises `DeepFocusError` for one whose files go meanwhile."""
    try:
        states = {each: each.stat() for each in files_of(path)}
    except OSError as error:
        raise _changed(path) from error
    return {each: (status.st_size, status.st_mtime_ns) for each, status in states.items()}


@contextmanager
def casacores_complaints(path: Path) -> Iterator[None]:
    """What casacore raises over a damaged image becomes a `DeepFocusError` of one line."""
    try:
        yield
    except DeepFocusError:
        raise
    except COMPLAINTS as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = BEFORE_THE_REASON.sub("", lines[0]) if lines else type(error).__name__
        raise DeepFocusError(
            f"{path} cannot be read as a CASA image: {reason}",
            wanted="the whole folder, as CASA wrote it",
            remedy="copy it again with all its files, or export it with exportfits",
        ) from error


def _changed(path: Path) -> DeepFocusError:
    return DeepFocusError(
        f"{path} changed while it was read",
        wanted="an image that is complete",
        remedy="wait until it is written, and start again",
    )
