"""What `detect` says as it goes, and one catalogue of all cubes at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deepfocus.cli.searching import Outcome
    from deepfocus.jobs.progress import Progress

ALL = "catalogue.ecsv"
"""Of all sources of all cubes."""
MOST_NAMED = 3
"""Cubes that could not be used and are named in the last line."""


class Summary:
    """Reports outcomes one by one. out : folder of the catalogues"""

    def __init__(self, out: Path, progress: Progress) -> None:
        self._out, self._progress = out, progress
        self._searched: list[str] = []
        self.failed: list[str] = []

    def add(self, outcome: Outcome) -> None:
        """Say what became of a cube."""
        if outcome.complaint:
            self._progress.warn(outcome.complaint)
            self._progress.passed_over()
            self.failed.append(outcome.name)
            return
        self._searched.append(outcome.name)
        for note in outcome.notes:
            self._progress.warn(f"{outcome.name}: note: {note}")
        if outcome.again:
            self._progress.advance(f"{outcome.name} (finished before)")
            return
        self._progress.say(outcome.said)
        if outcome.table:
            self._progress.say(outcome.table + "\n", sys.stdout)
        self._progress.advance(outcome.name)

    def close(self) -> None:
        """Of several cubes, the catalogue of all, and how many could not be used."""
        n = len(self._searched) + len(self.failed)
        if n < 2:
            return
        if self._searched:
            write_all(self._out, self._searched)
        if self.failed:
            named = ", ".join(self.failed[:MOST_NAMED])
            more = len(self.failed) - MOST_NAMED
            self._progress.warn(
                f"{len(self.failed)} of {n} cubes could not be used: {named}"
                + (f" and {more} more" if more > 0 else "")
            )


def write_all(out: Path, names: list[str]) -> None:
    """The rows of the catalogues of some cubes as one table, with a column `cube`."""
    from astropy.table import Column, vstack

    from deepfocus.core.files import FOUND, whole_file
    from deepfocus.io.catalogues import read_catalogue

    tables = []
    for name in sorted(names):
        rows = read_catalogue(out / f"{name}{FOUND}").rows
        rows.add_column(Column([name] * len(rows), "cube", dtype=str), index=0)
        rows.meta = {}
        tables.append(rows)
    with whole_file(out / ALL) as path:
        vstack(tables, metadata_conflicts="silent").write(path, format="ascii.ecsv", overwrite=True)
