"""A FITS cube that is written plane by plane, in any order and by any process."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from deepfocus.core.files import room_needed

BLOCK = 2880
"""Bytes of a block of a FITS file."""
STORED = np.dtype(">f4")


@dataclass(frozen=True)
class PlanesFile:
    """A file whose planes are there, and zero until they are written.

    offset : bytes before the first; shape : (chan, y, x)
    """

    path: Path
    offset: int
    shape: tuple[int, int, int]

    def write(self, channel: int, plane: np.ndarray) -> None:
        """Write a plane (y, x) as float32. Raises `DeepFocusError` if the disk is full."""
        values = np.ascontiguousarray(plane, STORED)
        assert values.shape == self.shape[1:]
        assert 0 <= channel < self.shape[0]
        with room_needed(self.path), self.path.open("r+b", buffering=0) as file:
            file.seek(self.offset + channel * values.nbytes)
            left = memoryview(values.reshape(-1).view(np.uint8).data)
            while len(left):
                left = left[file.write(left) :]


def begin(hdus: fits.HDUList, path: Path) -> PlanesFile:
    """Write headers and tables, and leave room for the planes.

    hdus : of a cube (1, chan, y, x) of float32, whose values are not looked at; tables follow
    path : of a file that is there, and is written over
    """
    top = hdus[0]
    _, *shape = top.shape
    if len(hdus) > 1:
        top.header["EXTEND"] = True
    header = top.header.tostring().encode("ascii")
    length = int(np.prod(shape)) * STORED.itemsize
    end = len(header) + -(-length // BLOCK) * BLOCK
    with room_needed(path), path.open("wb") as file:
        file.write(header)
        file.truncate(end)
        file.seek(end)
        file.write(_tables(hdus))
    chan, ny, nx = shape
    return PlanesFile(path, len(header), (chan, ny, nx))


def _tables(hdus: fits.HDUList) -> bytes:
    """What follows the first HDU."""
    if len(hdus) == 1:
        return b""
    buffer = io.BytesIO()
    first = fits.PrimaryHDU()
    fits.HDUList([first, *hdus[1:]]).writeto(buffer)
    return buffer.getvalue()[first.filebytes() :]
