"""A CASA table as a folder of files, looked at without any library: a CASA image is one."""

from __future__ import annotations

import os
from pathlib import Path

TABLE, INFO = "table.dat", "table.info"
"""In the folder that is a table: its description, and of what type it is."""
LOCK = "table.lock"
"""Who reads or writes it now: the only file that is not its content."""
IMAGE = "Image"
"""The type of images; others are measurement sets and their parts, calibrations, masks."""


def is_casa_table(path: Path) -> bool:
    """Whether a path is the folder of a CASA table of any type."""
    return os.path.isfile(path / TABLE)


def is_casa_image(path: Path) -> bool:
    """Whether a path is the folder of a CASA image, as it says itself."""
    return is_casa_table(path) and type_of_table(path) == IMAGE


def type_of_table(path: Path) -> str:
    """Such as 'Image' or 'Measurement Set'; '' if it does not say."""
    try:
        said = (path / INFO).read_bytes()[:80].decode("ascii", "replace")
    except OSError:
        return ""
    name, _, value = said.partition("\n")[0].partition("=")
    return value.strip() if name.strip() == "Type" else ""


def files_of(path: Path) -> list[Path]:
    """The files whose content is that of a path: of a CASA table's folder, those in it."""
    if not is_casa_table(path):
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file() and each.name != LOCK)
