"""Long steps of a search, and whether what they made is kept for a run that is started again."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from zipfile import BadZipFile

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.files import whole_file


class Steps(Protocol):
    """What was made is small: peaks and images, no cubes."""

    def once(self, name: str, make: Callable[[], NamedArrays]) -> NamedArrays:
        """What the step of that name makes, if need be."""
        ...


@dataclass(frozen=True)
class MadeAnew:
    """Nothing is kept."""

    def once(self, name: str, make: Callable[[], NamedArrays]) -> NamedArrays:
        """What it makes."""
        return make()


@dataclass(frozen=True)
class KeptIn:
    """Files of a folder, which is made when the first step has ended.

    folder : of one cube, searched in one way
    """

    folder: Path

    def once(self, name: str, make: Callable[[], NamedArrays]) -> NamedArrays:
        """What the file holds, if there is one that is whole.

        Raises `DeepFocusError` if the folder cannot be written, or is full.
        """
        path = self.folder / f"{name}.npz"
        known = _read(path)
        if known is not None:
            return known
        made = make()
        arrays: dict[str, Any] = dict(made)  # Any: numpy 2 has a keyword beside the arrays
        with whole_file(path) as temporary:
            np.savez(temporary, **arrays)
        return made


def _read(path: Path) -> NamedArrays | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, KeyError, EOFError, MemoryError, BadZipFile, zlib.error):
        return None
