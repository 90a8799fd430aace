"""The job of `clean`: one channel cleaned, and written into the files of the products."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading
    from deepfocus.core.cube import Cube
    from deepfocus.imaging.clean.cube import Cleaner
    from deepfocus.imaging.clean.plane import Account
    from deepfocus.imaging.clean.products import Products
    from deepfocus.imaging.clean.settings import Clean

VALUES_AT_ONCE = 1 << 23
"""Of a cube that are read together while it is looked through: planes are read one by one."""


@dataclass(frozen=True)
class Dirty:
    """The file of a dirty cube, and how it is cleaned. Workers make it ready for themselves."""

    path: Path
    reading: Reading
    how: Clean

    def cube(self) -> Cube:
        """Its planes are read as they are asked for.

        Raises `DeepFocusError` if it is none, or if it was restored after CLEAN.
        """
        from deepfocus.core.workspace import OnDisk
        from deepfocus.io.fits_cube import read_cube

        reading = self.reading
        return read_cube(
            self.path,
            reading.overrides,
            psf=reading.psf,
            primary_beam=reading.primary_beam,
            workspace=OnDisk(Path(tempfile.gettempdir()), VALUES_AT_ONCE),
        )

    def beams(self, cube: Cube) -> frozenset[Path]:
        """The files from which the cube's beams were read, resolved."""
        given = {"psf": self.reading.psf, "primary_beam": self.reading.primary_beam}
        files = (
            path or self.path.with_name(str(cube.meta[kind]))
            for kind, path in given.items()
            if kind in cube.meta
        )
        return frozenset(path.resolve() for path in files)


@dataclass(frozen=True)
class Cleaning:
    """Cleans a channel and writes its planes; gives the channel and what was done."""

    dirty: Dirty
    files: Products

    def __call__(self, channel: int) -> tuple[int, Account]:
        """Raises `DeepFocusError` as making the cleaner ready does, or if the disk is full."""
        cleaner = made_ready(self.dirty)
        made = cleaner(channel)
        cube = cleaner.cube
        response = None if cube.primary_beam is None else cube.primary_beam_in(channel)
        self.files.write(channel, made, response)
        return channel, made.account


@cache
def made_ready(dirty: Dirty) -> Cleaner:
    """The cleaner of a cube, once per process."""
    from deepfocus.imaging.clean.cube import cleaner_of

    return cleaner_of(dirty.cube(), dirty.how)


def put_in_place(made: Path, start: Path, beams: frozenset[Path]) -> None:
    """Move all products from the folder in which they were made, the image last.

    beams : files that the cube's were read from: where one has the name of a product, it stays
    Those of an earlier CLEAN of that name go, even where there is none now. If one cannot be moved,
    all is as it was before: it raises `DeepFocusError` then.
    """
    from deepfocus.cli.placing import place
    from deepfocus.core.files import writing
    from deepfocus.imaging.clean.products import ENDINGS

    paths = (start.with_name(f"{start.name}.{ending}") for ending in ENDINGS)
    names = [path.name for path in paths if path.resolve() not in beams]
    there = [name for name in names if (made / name).exists()]
    with writing(start.with_name(f"{start.name}.*")):
        place(made, start.parent, there, [name for name in names if name not in there])


def refuse_restored(path: Path, reading: Reading) -> None:
    """Raise `DeepFocusError` if the images beside a cube tell that it was cleaned already."""
    from deepfocus.io.image_file import image_by_parts
    from deepfocus.io.restored_image import restored_by

    with image_by_parts(path, reading.overrides) as image:
        teller = restored_by(path, image.data, replace(reading.overrides, hdu=None))
    if teller is not None:
        raise DeepFocusError(
            f"{path} was cleaned already, as {teller.name} beside it tells",
            wanted="a dirty cube",
            remedy="give the image that was made with niter=0",
        )


def refuse_beside(dirty: Path, start: Path) -> None:
    """Raise `DeepFocusError` if products would lie beside their dirty cube as if they were its own:
    whoever read that would take it for cleaned."""
    from deepfocus.io.product_names import product_name
    from deepfocus.io.restored_image import DIRTY

    own = product_name(dirty)
    theirs = product_name(start.with_name(f"{start.name}.image.fits"))
    beside = dirty.absolute().parent == start.absolute().parent and own.field == theirs.field
    if beside and own.word != DIRTY:
        raise DeepFocusError(
            f"{start.name}.model.fits beside {dirty.name}",
            wanted="another name: the dirty cube would be taken for a cleaned one",
            remedy=f"give another --out, or call the dirty cube {own.field}.dirty.fits",
        )
