"""Reads the image that a path is: a FITS file, or the folder of a CASA image."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepfocus.io import fits_image
from deepfocus.io.casa_folder import is_casa_table
from deepfocus.io.casa_image import casa_image, read_casa_image
from deepfocus.io.fits_image import FitsImage
from deepfocus.io.overrides import NO_OVERRIDES, Overrides


def read_image(path: Path, overrides: Overrides = NO_OVERRIDES) -> FitsImage:
    """In memory. Raises `DeepFocusError` if it cannot be read, or its axes are not a cube's."""
    if is_casa_table(path):
        return read_casa_image(path, overrides)
    return fits_image.read_image(path, overrides)


@contextmanager
def image_by_parts(
    path: Path, overrides: Overrides = NO_OVERRIDES, *, folder: Path | None = None
) -> Iterator[FitsImage]:
    """The same image, of which only what is asked for is read.

    folder : where a compressed file is unpacked; see `fits_image.image_by_parts`
    Raises `DeepFocusError` as `read_image` does, here and inside the context.
    """
    if is_casa_table(path):
        yield casa_image(path, overrides)
        return
    with fits_image.image_by_parts(path, overrides, folder=folder) as image:
        yield image


def read_shape(path: Path, overrides: Overrides = NO_OVERRIDES) -> tuple[int, int, int]:
    """(chan, y, x) of the image that `read_image` would read, without its data.

    Raises `DeepFocusError` as that does, but for what its data are.
    """
    if is_casa_table(path):
        chan, ny, nx = casa_image(path, overrides).data.shape
        return chan, ny, nx
    return fits_image.read_shape(path, overrides)
