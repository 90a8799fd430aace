"""Copies an image to scratch, plane after plane, if its file cannot give one without the others.

So it is where astropy has to unpack tiles, and where the spectra of all pixels follow each other:
to read one channel of such a file is to read all of it. CASA's images lie in tiles of some channels
that casacore keeps in memory, all around a plane: where there is too little for them, it is so too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from deepfocus.core.memory import require_memory
from deepfocus.core.voxels import Voxels
from deepfocus.core.workspace import VALUE_BYTES, OnDisk
from deepfocus.io.casa_voxels import CasaVoxels
from deepfocus.io.fits_image import FitsImage
from deepfocus.io.fits_voxels import OrderedVoxels, SectionVoxels
from deepfocus.io.scratch import ScratchFile, in_gigabytes, require_room
from deepfocus.io.stored_numbers import StoredNumbers

UNPACKING = 3
"""Copies of a tile in memory while it is unpacked, of up to 8 bytes a value."""
Box = tuple[slice, slice, slice]


def in_plane_order(image: FitsImage, workspace: OnDisk, name: str) -> FitsImage:
    """The same image, whose planes can be read one by one; a note says if it was copied for that.

    image : of `image_by_parts`, inside its context
    name : what messages call it
    Raises `DeepFocusError` if the disk has no room for a copy, or memory none for a tile.
    """
    voxels, tile = image.data, (1, 1, 1)
    size = VALUE_BYTES * float(prod(voxels.shape))
    if isinstance(voxels, CasaVoxels):
        if voxels.tile[0] * prod(voxels.shape[1:]) <= workspace.values_at_once:
            return image
        tile, said = voxels.tile, f"reordered in {in_gigabytes(size)} of scratch, plane by plane"
    elif isinstance(voxels, SectionVoxels):
        tile, said = voxels.tile, f"unpacked to {in_gigabytes(size)} of scratch"
        require_memory(
            2.0 * UNPACKING * VALUE_BYTES * prod(tile),
            f"a tile of {name}",
            remedy="unpack the file with funpack",
        )
    elif image.axes.spectra_together:
        said = f"reordered in {in_gigabytes(size)} of scratch, plane by plane"
    else:
        return image
    require_room(workspace.folder, size, name)
    at_once = boxes(voxels.shape, tile, image.axes.fastest_first, workspace.values_at_once)
    copy = _copied(voxels, at_once, workspace.folder)
    return replace(image, data=copy, notes=(*image.notes, said))


def boxes(
    shape: Sequence[int], tile: Sequence[int], fastest_first: Sequence[int], values_at_once: int
) -> Iterator[Box]:
    """Parts of a cube, each of whole tiles, that together are all of it.

    fastest_first : axes in the order in which a part is extended
    values_at_once : values of a part, unless a tile has more
    """
    size = list(tile)
    for axis in fastest_first:
        size[axis] *= max(1, values_at_once // prod(size))
        size[axis] = min(size[axis], shape[axis])
    starts = [range(0, n, step) for n, step in zip(shape, size, strict=True)]
    for chan, y, x in product(*starts):
        yield (
            slice(chan, min(chan + size[0], shape[0])),
            slice(y, min(y + size[1], shape[1])),
            slice(x, min(x + size[2], shape[2])),
        )


def _copied(voxels: Voxels, at_once: Iterator[Box], folder: Path) -> OrderedVoxels:
    chan, ny, nx = voxels.shape
    scratch = ScratchFile(folder)
    scratch.end_at(VALUE_BYTES * chan * ny * nx)
    for box in at_once:
        _write(scratch, voxels[box], box, voxels.shape)
    with scratch.opened() as file:
        numbers = StoredNumbers(
            file, "scratch", offset=0, shape=voxels.shape, dtype=np.dtype(np.float32)
        )
    return OrderedVoxels(numbers, (chan, ny, nx))


def _write(scratch: ScratchFile, block: np.ndarray, box: Box, shape: Sequence[int]) -> None:
    """A part of the cube to its place, in pieces that lie together there."""
    _, ny, nx = shape
    first = [part.start for part in box]
    whole_rows = block.shape[2] == nx
    whole_planes = whole_rows and block.shape[1] == ny
    pieces = [block] if whole_planes else block if whole_rows else block.reshape(-1, block.shape[2])
    per_channel = block.shape[1]
    for i, piece in enumerate(pieces):
        chan, y = (0, 0) if whole_planes else (i, 0) if whole_rows else divmod(i, per_channel)
        at = ((first[0] + chan) * ny + first[1] + y) * nx + first[2]
        scratch.write(piece, VALUE_BYTES * at)
