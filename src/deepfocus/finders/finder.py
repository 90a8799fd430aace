"""The contract of a finder: frozen settings, which are made ready once and then find in cubes.

    finder = Slim(min_probability=0.2)   # a finder is its settings
    ready = finder.ready()               # reads what it needs: networks, a beam
    detection = ready.find(cube)         # as often as there are cubes

Command, benchmark and picture take any finder. To add one, see docs/write-a-finder.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, ClassVar, Protocol

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.evidence import Panel


@dataclass(frozen=True, eq=False, repr=False)
class Detection:
    """What a finder leaves of a cube.

    catalogue : all candidates; the rejected stay, with their flag and the reason
    snapshots : the candidates after each step, by the step's name, in order
    notes : what the user should know, a sentence each
    evidence : panels by which the finder shows what it saw
    """

    catalogue: Catalogue
    snapshots: Mapping[str, Catalogue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    evidence: tuple[Panel, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([repr(self.catalogue), *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """For notebooks."""
        notes = "".join(f"<p>Note: {escape(note)}</p>" for note in self.notes)
        return f"{self.catalogue._repr_html_()}{notes}"


class ReadyFinder(Protocol):
    """A finder that has all it needs."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What its results depend on beside its settings, in plain values: hashes of weights."""
        ...

    def find(self, cube: Cube) -> Detection:
        """Search a cube. Raises `DeepFocusError` for one that it cannot search."""
        ...


class Finder(Protocol):
    """The settings of a finder: a frozen dataclass with a name and a line about it."""

    kind: ClassVar[str]
    summary: ClassVar[str]

    def __hash__(self) -> int:
        """Of a frozen dataclass: the same settings are made ready once."""
        ...

    def ready(self) -> ReadyFinder:
        """The finder with all that it needs. Raises `DeepFocusError` where that is missing."""
        ...


def refuse_empty(cube: Cube) -> None:
    """Raise `DeepFocusError` for a cube without any finite value."""
    # A few channels answer for most cubes; only an empty one is read to its end.
    for plane in cube.data:
        if np.isfinite(plane).any():
            return
    raise DeepFocusError(
        "the cube has no finite value",
        wanted="a cube with data",
        remedy="check the export, or the mask that was applied",
    )
