"""The lists of other programs by the name of their format."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import whole_file, whole_folder
from deepfocus.core.grid import Grid
from deepfocus.io.foreign import casa, findclumps, lineseeker, pybdsf, sofia
from deepfocus.io.foreign.links import Link

Read = Callable[[Path, Grid | None], Catalogue]
Write = Callable[[Catalogue, Path, Grid | None], None]
Place = Callable[[Path], AbstractContextManager[Path]]


@dataclass(frozen=True)
class Format:
    """The lists of one program.

    program : its name
    links : its columns and ours
    suffixes : of the files that are written
    read, write : take the grid of the cube last, which may be None; what is only read has no writer
    place : where it is written before it has its name
    """

    program: str
    links: tuple[Link, ...]
    suffixes: tuple[str, ...]
    read: Read
    write: Write | None
    place: Place = whole_file


FORMATS: dict[str, Format] = {
    "sofia": Format(
        "SoFiA-2", sofia.LINKS, (".xml", ".vot", ".txt"), sofia.read_sofia, sofia.write_sofia
    ),
    "lineseeker": Format(
        "LineSeeker",
        lineseeker.LINKS,
        (".dat", ".txt"),
        lineseeker.read_lineseeker,
        lineseeker.write_lineseeker,
    ),
    "findclumps": Format(
        "Findclumps", findclumps.LINKS, (), findclumps.read_findclumps, write=None
    ),
    "pybdsf": Format(
        "PyBDSF",
        pybdsf.LINKS,
        (".fits", ".fit", ".srl", ".gaul", ".txt", ".csv"),
        pybdsf.read_pybdsf,
        pybdsf.write_pybdsf,
    ),
    "casa": Format(
        "CASA", casa.LINKS, (".cl",), casa.read_casa, casa.write_casa, place=whole_folder
    ),
}


def read_foreign(path: Path, name: str, grid: Grid | None) -> Catalogue:
    """A list of another program. Raises `DeepFocusError` as its reader does."""
    found = _named(name).read(path, grid)
    return found.with_meta(read_from=path.name, format=name)


def write_foreign(found: Catalogue, path: Path, name: str, grid: Grid | None) -> Path:
    """Write accepted sources as another program lists its own; no program has a word for others.

    Raises `DeepFocusError` for a suffix that the program does not use, or a folder that cannot be
    written.
    """
    chosen = _named(name)
    if chosen.write is None:
        raise DeepFocusError(
            f"lists of {chosen.program} are not written",
            wanted=f"one of {', '.join(name for name in FORMATS if FORMATS[name].write)}",
            remedy="choose one of these formats",
        )
    if path.suffix.lower() not in chosen.suffixes:
        raise DeepFocusError(
            f"cannot write a list of {chosen.program} as '{path.name}'",
            wanted=f"a name that ends in {', '.join(chosen.suffixes)}",
            remedy="choose one of these suffixes",
        )
    with chosen.place(path) as temporary:
        chosen.write(found, temporary, grid)
    return path


def _named(name: str) -> Format:
    if name not in FORMATS:
        close = get_close_matches(name, FORMATS, n=1)
        raise DeepFocusError(
            f"no format of a catalogue is called '{name}'",
            wanted=f"one of {', '.join(FORMATS)}",
            remedy=f"did you mean '{close[0]}'?" if close else "leave format out for our own files",
        )
    return FORMATS[name]
