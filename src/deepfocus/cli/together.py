"""One catalogue of all sources of all cubes of a folder."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepfocus.core.files import FOUND, whole_file
from deepfocus.io.catalogues import CUBE
from deepfocus.jobs.progress import printable
from deepfocus.jobs.running import alone

if TYPE_CHECKING:
    from astropy.table import Table

ALL = "catalogue.ecsv"
CUBES = "cubes"
"""Of its meta: all that it has, also those without a source."""


def write_all(out: Path, names: Sequence[str]) -> None:
    """Put the catalogues of some cubes into that of all. Raises `DeepFocusError` if that fails.

    It has those of other cubes as well, which other runs have searched, if these are still there:
    their rows as they are in it, or from their own catalogues.
    """
    from astropy.table import vstack

    with alone(out):
        there = {label_of(name): name for name in _searched(out)}
        others = there.keys() - {label_of(name) for name in names}
        before, held = _rows_of(out / ALL, others)
        read = [there[label] for label in sorted(others - held)]
        tables = [*before, *_rows(out, [*read, *names])]
        rows = vstack(tables, metadata_conflicts="silent")
        rows = rows[np.argsort(rows[CUBE], kind="stable")]
        rows.meta = {CUBES: sorted(there)}
        with whole_file(out / ALL) as path:
            rows.write(path, format="ascii.ecsv", overwrite=True)


def _searched(out: Path) -> list[str]:
    return [path.name.removesuffix(FOUND) for path in out.glob(f"*{FOUND}")]


def _rows(out: Path, names: Sequence[str]) -> Iterator[Table]:
    """Of each cube, with its name."""
    from astropy.table import Column

    from deepfocus.io.many_catalogues import read_catalogues

    read = read_catalogues([out / f"{name}{FOUND}" for name in names])
    for name in names:
        rows = read[out / f"{name}{FOUND}"].rows
        rows.add_column(Column([label_of(name)] * len(rows), CUBE, dtype=str), index=0)
        rows.meta = {}
        yield rows


def label_of(name: str) -> str:
    """Of a cube, such as the table gives back: without spaces at its ends."""
    return printable(name).strip()


def _rows_of(path: Path, cubes: Collection[str]) -> tuple[list[Table], set[str]]:
    """The rows of some cubes in a catalogue of all, and which of the cubes it has.

    Nothing if it cannot be read; it says itself which cubes have no source.
    """
    from astropy.table import Table

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = Table.read(path, format="ascii.ecsv")
        rows[CUBE] = np.ma.filled(rows[CUBE], "")
        held = set(cubes).intersection(rows.meta.get(CUBES, ()))
        return [rows[[cube in held for cube in rows[CUBE]]]], held
    except Exception:  # it is not there, or none of ours: each reader raises its own classes
        return [], set()
