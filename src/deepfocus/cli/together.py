"""One catalogue of all sources of all cubes of a folder."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
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


def write_all(out: Path, names: Sequence[str]) -> None:
    """Put the catalogues of some cubes into that of all. Raises `DeepFocusError` if that fails.

    Rows of other cubes stay, which other runs have searched, if their catalogues do.
    """
    from astropy.table import vstack

    with alone(out):
        there = {label_of(path.name.removesuffix(FOUND)) for path in out.glob(f"*{FOUND}")}
        others = there - {label_of(name) for name in names}
        tables = [*_rows_of(out / ALL, others), *(_rows(out, name) for name in names)]
        rows = vstack(tables, metadata_conflicts="silent")
        rows = rows[np.argsort(rows[CUBE], kind="stable")]
        with whole_file(out / ALL) as path:
            rows.write(path, format="ascii.ecsv", overwrite=True)


def _rows(out: Path, name: str) -> Table:
    from astropy.table import Column

    from deepfocus.io.catalogues import read_catalogue

    rows = read_catalogue(out / f"{name}{FOUND}").rows
    rows.add_column(Column([label_of(name)] * len(rows), CUBE, dtype=str), index=0)
    rows.meta = {}
    return rows


def label_of(name: str) -> str:
    """Of a cube, such as the table gives back: without spaces at its ends."""
    return printable(name).strip()


def _rows_of(path: Path, cubes: Collection[str]) -> list[Table]:
    """The rows of some cubes in a catalogue of all; no table if it cannot be read."""
    from astropy.table import Table

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = Table.read(path, format="ascii.ecsv")
        rows[CUBE] = np.ma.filled(rows[CUBE], "")
        return [rows[[cube in cubes for cube in rows[CUBE]]]]
    except Exception:  # it is not there, or none of ours: each reader raises its own classes
        return []
