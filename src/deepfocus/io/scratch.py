"""Scratch of the readers: files without a name, and whether a disk has room for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.workspace import NamelessFile


class ScratchFile(NamelessFile):
    """A file without a name that can be opened again. It lives as long as anything has it open."""

    def opened(self) -> BinaryIO:
        """For reading."""
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def end_at(self, length: int) -> None:
        """Set its length in bytes; what was not written is zero."""
        os.ftruncate(self._file.fileno(), length)


def require_room(folder: Path, needed_bytes: float, what: str) -> None:
    """Raises `DeepFocusError` if `what` needs more of the disk than is free."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise DeepFocusError(
            f"{what} would take {in_gigabytes(needed_bytes)} of scratch",
            wanted=f"at most the {in_gigabytes(free)} that are free in {folder}",
            remedy="free some space, or choose another folder with --scratch",
        )


def in_gigabytes(size: float) -> str:
    """A number of bytes in words."""
    return f"{size / 1e9:.3g} GB"
