"""Many catalogues of the same columns, read together.

The header of a table in ECSV is a page of YAML, which takes three quarters of the time to read it.
A finder writes the same one for every cube: it is parsed once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.catalogues import catalogue_of_ecsv, read_catalogue


def read_catalogues(paths: Iterable[Path]) -> dict[Path, Catalogue]:
    """Each as `read_catalogue` reads it. Raises `DeepFocusError` as that does."""
    alike: dict[str, dict[Path, list[str]]] = defaultdict(dict)
    read = {}
    for path in paths:
        try:
            header, rows = _parts(path)
        except (OSError, UnicodeDecodeError):
            read[path] = read_catalogue(path)  # which says what is wrong with it
        else:
            alike[header][path] = rows
    for header, bodies in alike.items():
        read.update(_together(header, bodies))
    return read


def _parts(path: Path) -> tuple[str, list[str]]:
    """The header with the line of names, and the lines of the rows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    first = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines)) + 1
    return "\n".join(lines[:first]), [line for line in lines[first:] if line.strip()]


def _together(header: str, bodies: dict[Path, list[str]]) -> dict[Path, Catalogue]:
    """One table of all, and its parts; each by itself where a row is no line, or one is bad."""
    text = "\n".join([header, *(line for rows in bodies.values() for line in rows)])
    ends = np.cumsum([0, *(len(rows) for rows in bodies.values())]).tolist()
    try:
        of_all = catalogue_of_ecsv(text + "\n", next(iter(bodies)))
    except DeepFocusError:
        of_all = None
    if of_all is None or len(of_all) != ends[-1]:
        return {path: read_catalogue(path) for path in bodies}
    return {
        path: of_all.at(np.arange(start, stop))
        for path, (start, stop) in zip(bodies, pairwise(ends), strict=True)
    }
