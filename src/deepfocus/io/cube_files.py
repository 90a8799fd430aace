"""The files that a cube is read from: its own, and those that may be its companions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deepfocus.io.casa_folder import files_of
from deepfocus.io.companions import companions_beside
from deepfocus.io.restored_image import tellers_of


def files_of_cube(path: Path, given: Iterable[Path] = ()) -> list[Path]:
    """All that may decide what is read, of a CASA image those in its folder.

    given : companions that have other names
    """
    beside = sorted([*companions_beside(path), *tellers_of(path)])
    images = dict.fromkeys((path, *beside, *given))
    return [file for image in images for file in files_of(image)]
