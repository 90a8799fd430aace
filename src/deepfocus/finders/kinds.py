"""The finders that `--finder` and settings files can name, built in or from installed packages.

A package adds one through the entry point group `deepfocus.finders`; the entry's name is its kind:

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
from deepfocus.finders.tuned import tuned_names, tuned_settings

OURS = {
    "deepfocus": "deepfocus.finders.deepfocus.finder:DeepFocus",
    "slim": "deepfocus.finders.slim.finder:Slim",
    "paper": "deepfocus.finders.paper.finder:Paper",
    "matched_filter": "deepfocus.finders.matched_filter.finder:MatchedFilter",
    "lineseeker": "deepfocus.finders.lineseeker.finder:LineSeeker",
    "blobcat": "deepfocus.finders.blobcat.finder:Blobcat",
    "photutils": "deepfocus.finders.photutils.finder:Photutils",
    "pybdsf": "deepfocus.finders.pybdsf.finder:Pybdsf",
    "aegean": "deepfocus.finders.aegean.finder:Aegean",
    "sofia": "deepfocus.finders.sofia.finder:Sofia",
    "decoras": "deepfocus.finders.decoras.finder:Decoras",
}
"""Kind -> import path of its class; the first kind is the default."""

GROUP = "deepfocus.finders"
DEFAULT = next(iter(OURS))


def finder_kinds() -> tuple[str, ...]:
    """All registered kinds, the built-in ones first."""
    return (*OURS, *(kind for kind in _others() if kind not in OURS))


def classes_of_ours() -> dict[str, str]:
    """Class name -> kind."""
    return {path.partition(":")[2]: kind for kind, path in OURS.items()}


def finder_class(kind: str) -> type[Finder]:
    """The class of a kind. Raises `DeepFocusError` if the kind is unknown or cannot be loaded."""
    if kind in OURS:
        module, _, name = OURS[kind].partition(":")
        ours: type[Finder] = getattr(import_module(module), name)
        return ours
    other = _others().get(kind)
    if other is None:
        names = (*finder_kinds(), *tuned_names())
        close = difflib.get_close_matches(kind, names, n=1)
        raise DeepFocusError(
            f"no finder is called '{kind}'",
            wanted=f"one of {', '.join(names)}",
            remedy=f"did you mean '{close[0]}'?" if close else "deepfocus finders lists them",
        )
    return _loaded(other)


def finder_from(table: Mapping[str, Any], *, source: str = "settings") -> Finder:
    """Build the finder that `kind` selects from plain settings. Raises `DeepFocusError`.

    A kind may be a name of tuned settings, which those of the table replace.
    """
    settings = dict(table)
    if settings.get("kind") in tuned_names():
        settings = tuned_settings(settings.pop("kind")) | settings
    kind = settings.pop("kind", DEFAULT)
    if not isinstance(kind, str):
        raise DeepFocusError(
            f"{source} has the finder kind {kind!r}",
            wanted=f"one of {', '.join(finder_kinds())}",
            remedy="give the kind as text",
        )
    return settings_from(settings, finder_class(kind), source=source)


def finder_to(finder: Finder) -> dict[str, Any]:
    """A finder's kind and settings as plain values, for files and provenance."""
    table: dict[str, Any] = parts_to(finder)
    return table


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> type[Finder]:
    try:
        other: type[Finder] = point.load()
    except Exception as error:  # an outside package may raise anything
        raise DeepFocusError(
            f"the finder '{point.name}' cannot be loaded from {point.value}: {error}",
            wanted="an installed package whose entry point deepfocus.finders names a class",
            remedy="reinstall the package, or ask its authors",
        ) from error
    return other
