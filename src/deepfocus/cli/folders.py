"""Output folders are checked before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from deepfocus.core.errors import DeepFocusError


def check_output(folder: Path) -> Path:
    """`folder`, which exists and can be written or can be made; nothing is made yet.

    Raises `DeepFocusError` otherwise.
    """
    folder = Path(folder)
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        what = f"{folder} is a file" if existing == folder.absolute() else f"{existing} is a file"
        raise DeepFocusError(what, wanted="a folder", remedy="choose another --out")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DeepFocusError(
            f"cannot write in {existing}: Permission denied",
            wanted="a folder that can be written",
            remedy="choose another --out or change its permissions",
        )
    return folder
