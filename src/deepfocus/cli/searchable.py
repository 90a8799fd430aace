"""Which of the files and folders that a user names are cubes to search.

A folder of imaging products, or a shell's `*.fits`, holds masks, models, residuals and beams beside
each image. Those are left out, and so is an image corrected for its primary beam where the
uncorrected one is there as well, a CASA image beside its own FITS file, and an image of the
continuum beside cubes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import STORE
from deepfocus.io.casa_folder import is_casa_table
from deepfocus.io.product_names import (
    Kind,
    ProductName,
    base_name,
    is_continuum,
    is_fits,
    is_image,
    product_name,
)

CUBES = (Kind.IMAGE, Kind.CORRECTED)
MOST_NAMED = 3
"""Files that are left out and named."""


@dataclass(frozen=True)
class Searchable:
    """files : FITS cubes, CASA images and stores, in the order given; left_out : products beside
    them."""

    files: tuple[Path, ...]
    left_out: tuple[Path, ...]

    @property
    def note(self) -> str:
        """One line on what was left out; empty if nothing was."""
        n = len(self.left_out)
        if not n:
            return ""
        named = ", ".join(path.name for path in self.left_out[:MOST_NAMED])
        more = f" and {n - MOST_NAMED} more" if n > MOST_NAMED else ""
        return f"not searched, products beside their cube: {named}{more}"


def searchable(given: Sequence[Path]) -> Searchable:
    """The cubes among files and folders. Raises `DeepFocusError` for a folder without any."""
    named = [(path, product_name(path)) for path in _expanded(given)]
    images, shown = (
        {_field(path, name) for path, name in named if name.kind in kinds}
        for kinds in ((Kind.IMAGE,), CUBES)
    )
    with_cubes = {
        path.parent for path, name in named if name.kind in CUBES and not is_continuum(path)
    }
    exports = {path.parent / base_name(path) for path, _ in named if is_fits(path)}
    left_out: dict[Path, None] = {}
    for path, name in named:
        beside = images if name.kind is Kind.CORRECTED else shown
        # a beam or residual whose image is not there may be looked at, but not in a folder
        kept = name.kind is Kind.CORRECTED or path in given
        alone = kept and _field(path, name) not in beside
        beside_cubes = is_continuum(path) and path.parent in with_cubes
        product = name.kind is not Kind.IMAGE and not alone
        if product or beside_cubes or _is_exported(path, exports):
            left_out[path] = None
    return Searchable(tuple(path for path, _ in named if path not in left_out), tuple(left_out))


def _is_exported(path: Path, exports: Collection[Path]) -> bool:
    """Whether it is a CASA image beside the FITS file that exportfits made of it."""
    return path in exports and not is_fits(path) and is_casa_table(path)


def _field(path: Path, name: ProductName) -> str:
    """Of files in one folder alone."""
    return str(path.parent / name.field)


def _expanded(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        if not _is_folder(path):
            yield path
            continue
        inside = sorted(each for each in path.iterdir() if _is_shown(each))
        if not any(product_name(each).kind in CUBES for each in inside):
            raise DeepFocusError(
                f"{path} is a folder without images",
                wanted="a folder with FITS cubes or CASA images, or one of these",
                remedy="name the cube itself",
            )
        yield from inside


def _is_shown(path: Path) -> bool:
    """An image, and not a hidden one: what is being written is hidden until it is whole."""
    return is_image(path) and not path.name.startswith(".")


def _is_folder(path: Path) -> bool:
    """Of files: neither a store nor a CASA image, or another of CASA's tables, which is refused
    when it is read."""
    return path.is_dir() and path.suffix != STORE and not is_casa_table(path)
