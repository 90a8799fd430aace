"""Files of a cleaned cube, named as tclean names them, and written plane by plane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file
from deepfocus.imaging.clean.cube import Cleaned, CleanedChannel, Cleaner
from deepfocus.imaging.clean.plane import Account
from deepfocus.io.planes_file import PlanesFile, begin
from deepfocus.io.product_names import base_name, is_fits
from deepfocus.io.tables import write_table
from deepfocus.io.write_cube import (
    beam_names,
    corrected_hdus,
    corrected_plane,
    cube_hdus,
    write_beams,
)

IMAGE, RESIDUAL, MODEL, CORRECTED = "image", "residual", "model", "image.pbcor"
ACCOUNTS = "clean.ecsv"
ENDINGS = (
    ACCOUNTS,
    "psf.fits",
    "pb.fits",
    *(f"{kind}.fits" for kind in (RESIDUAL, MODEL, CORRECTED, IMAGE)),
)
"""Of the files of a cleaned cube, the image's last."""


@dataclass(frozen=True, eq=False)
class Three:
    """The cubes of a CLEAN, whose data may be still to come."""

    image: Cube
    residual: Cube
    model: Cube


@dataclass(frozen=True)
class Products:
    """The files, each under its kind. Picklable: planes are written by workers."""

    files: Mapping[str, PlanesFile]

    def write(self, channel: int, made: CleanedChannel, response: np.ndarray | None) -> None:
        """Write a channel. response : (y, x) its primary beam, if there is one"""
        self.files[RESIDUAL].write(channel, made.residual)
        self.files[MODEL].write(channel, made.model)
        if response is not None:
            self.files[CORRECTED].write(channel, corrected_plane(made.image, response))
        self.files[IMAGE].write(channel, made.image)


def start_of(out: Path) -> Path:
    """NAME in its folder, of --out NAME.fits or NAME.image.fits.

    Raises `DeepFocusError` for any other ending.
    """
    name = base_name(out)
    if not is_fits(out) or not name:
        raise DeepFocusError(
            f"--out {out}",
            wanted="NAME.fits, for NAME.image.fits, NAME.residual.fits and NAME.model.fits",
            remedy="let it end in .fits",
        )
    return out.with_name(name.removesuffix(f".{IMAGE}"))


def path_of(start: Path, kind: str) -> Path:
    """NAME.KIND.fits."""
    return start.with_name(f"{start.name}.{kind}.fits")


def three_to_come(cleaner: Cleaner) -> Three:
    """Cubes without values, which take no memory."""
    none = np.broadcast_to(np.float32(0), cleaner.cube.grid.shape)
    return Three(cleaner.image_of(none), cleaner.residual_of(none), cleaner.model_of(none))


@contextmanager
def products(cubes: Three, start: Path) -> Iterator[Products]:
    """Files for all planes, which get their names at the end, the image last; none on an error.

    The beams are written before. Raises `DeepFocusError` if the folder cannot be written.
    """
    named = start.with_name(f"{start.name}.fits")
    beams = beam_names(named)
    hdus = {
        IMAGE: cube_hdus(cubes.image, beams),
        MODEL: cube_hdus(cubes.model, beams),
        RESIDUAL: cube_hdus(cubes.residual, beams),
    }
    if cubes.image.primary_beam is not None:
        hdus[CORRECTED] = corrected_hdus(cubes.image)
    with ExitStack() as stack:
        files = {}
        for kind, of_kind in hdus.items():
            # those that are entered first get their names last
            temporary = stack.enter_context(whole_file(path_of(start, kind)))
            files[kind] = begin(of_kind, temporary)
        yield Products(files)
        write_beams(cubes.residual, named)


def write_cleaned(cleaned: Cleaned, out: Path) -> tuple[Path, ...]:
    """Write a cleaned cube that is in memory; return the paths, the image's first.

    out : NAME.fits, for NAME.image.fits and so on
    Raises `DeepFocusError` for another ending, if there is a cube NAME.fits, which would be taken
    for a cleaned one, or if the folder cannot be written.
    """
    start = start_of(Path(out))
    dirty = start.with_name(f"{start.name}.fits")
    if dirty.exists():
        raise DeepFocusError(
            f"{start.name}.model.fits beside {dirty}",
            wanted="another name: that cube would be taken for a cleaned one",
            remedy="write it under another name",
        )
    cubes = Three(cleaned.image, cleaned.residual, cleaned.model)
    with products(cubes, start) as files:
        for channel, account in enumerate(cleaned.accounts):
            image, residual, model = (
                np.asarray(cube.data[channel])
                for cube in (cubes.image, cubes.residual, cubes.model)
            )
            made = CleanedChannel(image, residual, model, account)
            primary = cubes.image.primary_beam
            response = None if primary is None else cubes.image.primary_beam_in(channel)
            files.write(channel, made, response)
    table = write_accounts(cleaned.accounts, start)
    return (*(path_of(start, kind) for kind in files.files), table)


def write_accounts(accounts: Sequence[Account], start: Path) -> Path:
    """NAME.clean.ecsv: what was done in each channel."""
    table = Table(
        {
            "channel": np.arange(len(accounts)),
            "why": [str(account.why) for account in accounts],
            "iterations": [account.iterations for account in accounts],
            "major_cycles": [account.major_cycles for account in accounts],
            "threshold": [account.threshold for account in accounts],
            "peak": [account.peak for account in accounts],
            "flux": [account.flux for account in accounts],
        },
        units={"threshold": "Jy / beam", "peak": "Jy / beam", "flux": "Jy"},
    )
    return write_table(table, start.with_name(f"{start.name}.{ACCOUNTS}"))
