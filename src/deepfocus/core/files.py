"""Files are written whole or not at all: to a temporary name next to the target, then renamed."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepfocus.core.errors import DeepFocusError

STORE = ".zarr"
"""Suffix of a store, which contains many cubes."""
TRUTH, FOUND = ".truth.ecsv", ".catalogue.ecsv"
"""Endings of the catalogues that belong to NAME.fits."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OLD_S = 3600.0
"""Age beyond which a temporary file no longer belongs to a running writer."""


@contextmanager
def room_needed(path: Path) -> Iterator[None]:
    """Turn a full disk, while `path` is written, into a `DeepFocusError`; pass other errors on."""
    try:
        yield
    except OSError as error:
        # Astropy raises this without an errno
        if error.errno not in FULL and "Not enough space on disk" not in str(error):
            raise
        raise DeepFocusError(
            f"cannot write {path}: {error.strerror or 'No space left on device'}",
            wanted="room for the file",
            remedy="free some space or choose another output folder",
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the target's suffix; rename it to `path` on success.

    On any exception the temporary file is removed and the target is left as it was.
    Raises `DeepFocusError` if the folder cannot be written, the disk is full or `path` is a folder.
    """
    path = Path(path)
    if path.is_dir():
        raise DeepFocusError(
            f"cannot write {path}: it is a folder",
            wanted="the name of a file",
            remedy="give a file in that folder, or another name",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent
        )
    except OSError as error:
        raise DeepFocusError(
            f"cannot write {path}: {error.strerror}",
            wanted="a folder that can be written",
            remedy="choose another output folder or change its permissions",
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        with room_needed(path):
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def sweep_temporary(folder: Path, pattern: str, *, older_than_s: float = OLD_S) -> int:
    """Remove temporary files that killed writers left below `folder`; return their number.

    pattern : glob of their names
    older_than_s : younger files stay, since they may belong to a running writer
    """
    before = time.time() - older_than_s
    removed = 0
    for path in Path(folder).rglob(pattern):
        try:
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
                removed += 1
        except FileNotFoundError:  # another process swept it
            continue
    return removed
