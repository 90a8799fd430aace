"""The finders that `--finder` and a settings file can name: ours, and those of installed packages.

A package adds one by the entry point `deepfocus.finders`, whose name is the finder's kind:

    [project.entry-points."deepfocus.finders"]
    brightest = "my_package.finder:Brightest"
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import parts_to, settings_from
from deepfocus.finders.finder import Finder

OURS = {
    "slim": "deepfocus.finders.slim.finder:Slim",
    "paper": "deepfocus.finders.paper.finder:Paper",
    "matched_filter": "deepfocus.finders.matched_filter.finder:MatchedFilter",
    "flood_fill": "deepfocus.finders.flood_fill.finder:FloodFill",
}
"""Kind -> where its class is; the first is meant where none is named."""

GROUP = "deepfocus.finders"
DEFAULT = next(iter(OURS))


def finder_kinds() -> tuple[str, ...]:
    """All kinds that can be named, ours first."""
    return (*OURS, *(kind for kind in _others() if kind not in OURS))


def classes_of_ours() -> dict[str, str]:
    """Name of the class -> kind."""
    return {place.partition(":")[2]: kind for kind, place in OURS.items()}


def finder_class(kind: str) -> type[Finder]:
    """The class of a kind. Raises `DeepFocusError` for an unknown one, or one that cannot load."""
    if kind in OURS:
        module, _, name = OURS[kind].partition(":")
        ours: type[Finder] = getattr(import_module(module), name)
        return ours
    other = _others().get(kind)
    if other is None:
        close = difflib.get_close_matches(kind, finder_kinds(), n=1)
        raise DeepFocusError(
            f"no finder is called '{kind}'",
            wanted=f"one of {', '.join(finder_kinds())}",
            remedy=f"did you mean '{close[0]}'?" if close else "deepfocus finders lists them",
        )
    return _loaded(other)


def finder_from(table: Mapping[str, Any], *, source: str = "settings") -> Finder:
    """The finder of plain settings, whose `kind` chooses it. Raises `DeepFocusError`."""
    settings = dict(table)
    kind = settings.pop("kind", DEFAULT)
    if not isinstance(kind, str):
        raise DeepFocusError(
            f"{source} has the finder kind {kind!r}",
            wanted=f"one of {', '.join(finder_kinds())}",
            remedy="name one as text",
        )
    return settings_from(settings, finder_class(kind), source=source)


def finder_to(finder: Finder) -> dict[str, Any]:
    """Plain settings of a finder with its kind, for files and provenance."""
    table: dict[str, Any] = parts_to(finder)
    return table


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> type[Finder]:
    try:
        other: type[Finder] = point.load()
    except Exception as error:  # of a package that we do not know
        raise DeepFocusError(
            f"the finder '{point.name}' cannot be loaded from {point.value}: {error}",
            wanted="an installed package whose entry point deepfocus.finders names a class",
            remedy="install the package again, or ask its authors",
        ) from error
    return other
