"""What `detect` says as it goes."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from deepfocus.cli.together import ALL, write_all
from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.searching import Outcome
    from deepfocus.jobs.progress import Progress

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
            self._progress.advance(outcome.name, "finished before")
            return
        self._progress.say(outcome.said)
        if outcome.table:
            self._progress.say(outcome.table + "\n", sys.stdout)
        self._progress.advance(outcome.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Whatever ended the run, the catalogue of all is written; its error is told, not this."""
        if kind is None:
            self.close()
        elif issubclass(kind, Exception):
            with suppress(DeepFocusError):
                self.close()

    def close(self) -> None:
        """Of several cubes, how many could not be used, and the catalogue of all.

        Raises `DeepFocusError` if it cannot be written.
        """
        n = len(self._searched) + len(self.failed)
        if n > 1 and self.failed:
            named = ", ".join(self.failed[:MOST_NAMED])
            more = len(self.failed) - MOST_NAMED
            self._progress.warn(
                f"{len(self.failed)} of {n} cubes could not be used: {named}"
                + (f" and {more} more" if more > 0 else "")
            )
        if self._searched and (n > 1 or (self._out / ALL).exists()):
            write_all(self._out, self._searched)
