"""The job of `detect`: one cube searched, its products written, and what to say about it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deepfocus.core.errors import DeepFocusError
from deepfocus.jobs.progress import printable

if TYPE_CHECKING:
    from deepfocus.cli.inputs import Input
    from deepfocus.cli.reading import Reading
    from deepfocus.finders.finder import Detection, Finder, ReadyFinder
    from deepfocus.jobs.running import Run


@dataclass(frozen=True)
class Outcome:
    """What became of a cube.

    name : of its products; said : in short; complaint : why it could not be used, or ''
    notes : on reading and searching it; table : of its sources, or ''
    again : whether it was finished before
    """

    name: str
    said: str = ""
    complaint: str = ""
    notes: tuple[str, ...] = ()
    table: str = ""
    again: bool = False


@dataclass(frozen=True)
class Searching:
    """Searches a cube and writes its products, or all of none.

    run : whose folder they are written to; further : products that were requested
    resume : whether cubes that were finished with the same settings and content are left alone
    """

    finder: Finder
    run: Run
    reading: Reading
    resume: bool
    further: tuple[str, ...] = ()

    def __call__(self, given: Input) -> Outcome:
        """Raises `DeepFocusError` if the finder cannot be made ready, which no cube mends."""
        from deepfocus.cli.products import (
            finished,
            refuse_folders,
            settings_text,
            write_products,
        )
        from deepfocus.finders.finder import detection_in

        ready = made_ready(self.finder)
        lines = (*self.reading.lines, *given.lines)
        settings = settings_text(self.finder, ready.provenance, further=lines)
        try:
            refuse_folders(self.run.folder, given.name, further=self.further)
            if self.resume and finished(
                self.run.folder, given.name, settings, further=self.further
            ):
                return Outcome(given.name, again=True)
            cube = given.read()
        except DeepFocusError as error:
            return self.lost(given, error)
        except MemoryError:
            return self.lost(given, _no_memory())
        try:
            with self.run.steps(given.name, settings) as steps:
                detection = detection_in(cube.keeping(steps), ready)
                write_products(
                    self.run,
                    given.name,
                    cube=cube,
                    detection=detection,
                    settings=settings,
                    further=self.further,
                )
        except DeepFocusError as error:
            return self.lost(given, error)
        except MemoryError:
            return self.lost(given, _no_memory())
        except Exception as error:
            return Outcome(given.name, complaint=f"{given.origin}: {_defect(error)}")
        return _outcome(given.name, cube.meta.get("notes", ()), detection)

    def lost(self, item: Input, error: DeepFocusError) -> Outcome:
        """Of a cube that cannot be used, which ends no run."""
        said = str(error)
        return Outcome(
            item.name, complaint=said if item.origin in said else f"{item.origin}: {said}"
        )


def _no_memory() -> DeepFocusError:
    return DeepFocusError(
        "not enough memory",
        wanted="what `detect --dry-run` says that it takes",
        remedy="search it by parts with --memory, or with fewer --workers at a time",
    )


def _defect(error: Exception) -> str:
    """One line on what no cube should meet with; others of the run are searched all the same."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    return (
        f"{type(error).__name__} at {where}: {error}; this is a defect of deepfocus, please report "
        "it with the cube's header"
    )


@cache
def made_ready(finder: Finder) -> ReadyFinder:
    """The finder with everything it needs loaded, once per process."""
    return finder.ready()


def _outcome(name: str, notes: tuple[str, ...], detection: Detection) -> Outcome:
    from deepfocus.cli.source_table import sources_table

    found = detection.catalogue
    n, rejected = len(found.accepted), len(found) - len(found.accepted)
    sources, candidates = (
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((n, "source"), (rejected, "rejected candidate"))
    )
    return Outcome(
        name,
        said=f"{printable(name)}: {sources}, {candidates}",
        notes=(*notes, *detection.notes),
        table=sources_table(found) if n else "",
    )
