"""The finder contract: frozen settings that are made ready once and then search many cubes.

    finder = Slim(min_probability=0.2)   # a finder is its settings
    ready = finder.ready()               # reads what it needs: networks, a beam
    detection = ready.find(cube)         # once per cube

The command line, the benchmark and the figures accept any finder. docs/write-a-finder.md explains
how to add one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, ClassVar, Protocol

import numpy as np
from astropy.table import Table

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.gain import with_gain
from deepfocus.finders.evidence import Panel


@dataclass(frozen=True, eq=False, repr=False)
class Detection:
    """The result of searching a cube.

    catalogue : all candidates; rejected ones stay, with their flag and the reason
    snapshots : the candidates after each step, keyed by the step's name, in order
    notes : what the user should know, one sentence each
    evidence : panels that show what the finder saw
    covariances : of the numbers of each source, one row each, by the catalogue's `id`; None from a
        finder that does not know them
    """

    catalogue: Catalogue
    snapshots: Mapping[str, Catalogue] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    evidence: tuple[Panel, ...] = ()
    covariances: Table | None = None

    def __repr__(self) -> str:
        return "\n".join([repr(self.catalogue), *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        """For notebooks."""
        notes = "".join(f"<p>Note: {escape(note)}</p>" for note in self.notes)
        return f"{self.catalogue._repr_html_()}{notes}"


class ReadyFinder(Protocol):
    """A finder with everything it needs loaded."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Plain values that its results depend on in addition to its settings: weight hashes."""
        ...

    def find(self, cube: Cube) -> Detection:
        """Search a cube. Raises `DeepFocusError` for one that it cannot search."""
        ...


class Finder(Protocol):
    """The settings of a finder: a frozen dataclass with a name and a one-line summary."""

    kind: ClassVar[str]
    summary: ClassVar[str]

    def __hash__(self) -> int:
        """Provided by the frozen dataclass. Equal settings are made ready only once."""
        ...

    def ready(self) -> ReadyFinder:
        """Load what the finder needs. Raises `DeepFocusError` if any of it is missing."""
        ...


def detection_in(cube: Cube, ready: ReadyFinder) -> Detection:
    """What a finder finds in a cube, with what the catalogue has from the cube alone: the gain.

    Raises `DeepFocusError` for a cube that the finder cannot search.
    """
    return with_gains(ready.find(cube), cube)


def with_gains(detection: Detection, cube: Cube) -> Detection:
    """The detection with the primary beam's response at each candidate."""
    return replace(detection, catalogue=with_gain(detection.catalogue, cube))


def refuse_empty(cube: Cube) -> None:
    """Raise `DeepFocusError` for a cube without any finite value."""
    # For most cubes a few channels suffice; only an empty one is read to the end.
    for plane in cube.data:
        if np.isfinite(plane).any():
            return
    raise DeepFocusError(
        "the cube has no finite value",
        wanted="a cube with data",
        remedy="check the export, or the mask that was applied",
    )


def refuse_few_channels(cube: Cube, least: int, kind: str) -> None:
    """Raise `DeepFocusError` for a cube of fewer channels than the finder `kind` can search."""
    n = len(cube.data)
    if n < least:
        raise DeepFocusError(
            f"the cube has {n} channel{'s' if n > 1 else ''}",
            wanted=f"at least {least} for the finder {kind}: it finds lines in the spectrum",
            remedy="image with more channels, or choose another finder",
        )
