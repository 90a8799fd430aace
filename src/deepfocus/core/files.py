"""Files are written whole or not at all: to a temporary name next to the target, then renamed."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deepfocus.core.errors import DeepFocusError

STORE = ".zarr"
"""Suffix of a store, which contains many cubes."""
TRUTH, FOUND = ".truth.ecsv", ".catalogue.ecsv"
"""Endings of the catalogues that belong to NAME.fits."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
OLD_S = 3600.0
"""Age beyond which a temporary file no longer belongs to a running writer."""
MOST_BYTES = 255
"""Of a file name, on nearly every file system."""
RANDOM_BYTES = 8
"""Of a name from mkstemp."""


def _system_error(error: OSError) -> OSError:
    """What the system said, where a library, such as Astropy, says it again without the number."""
    while error.errno is None and isinstance(error.__context__, OSError):
        error = error.__context__
    return error


@contextmanager
def room_needed(
    path: Path, remedy: str = "free some space or choose another output folder"
) -> Iterator[None]:
    """Turn a full disk, while `path` is written, into a `DeepFocusError`; pass other errors on."""
    try:
        yield
    except OSError as error:
        why = _system_error(error)
        # Astropy raises this without an errno
        if why.errno not in FULL and "Not enough space on disk" not in str(why):
            raise
        raise DeepFocusError(
            f"cannot write {path}: {why.strerror or 'No space left on device'}",
            wanted="room for the file",
            remedy=remedy,
        ) from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn whatever the system says while `path` is written into a `DeepFocusError`."""
    try:
        with room_needed(path):
            yield
    except OSError as error:
        why = _system_error(error)
        raise DeepFocusError(
            f"cannot write {path}: {why.strerror or why}",
            wanted="a folder that can be written",
            remedy="choose another output folder or change its permissions",
        ) from error


def refuse_folder(path: Path) -> None:
    """Raise `DeepFocusError` if a file cannot have this path: it is a folder, or too long."""
    with writing(path), suppress(FileNotFoundError, NotADirectoryError):
        if stat.S_ISDIR(path.stat().st_mode):
            raise DeepFocusError(
                f"cannot write {path}: it is a folder",
                wanted="the name of a file",
                remedy="give a file in that folder, or another name",
            )


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the target's suffix; rename it to `path` on success.

    On any exception the temporary file is removed and the target is left as it was.
    Raises `DeepFocusError` if the folder cannot be written, the disk is full or `path` is a folder.
    """
    path = Path(path)
    refuse_folder(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(
            prefix=_prefix_beside(path), suffix=path.suffix, dir=path.parent
        )
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


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a path at which to make a folder; rename that to `path` on success.

    On any exception it is removed. Raises `DeepFocusError` if `path` exists, of which a folder may
    hold anything, if the folder around it cannot be written, or if the disk is full.
    """
    path = Path(path)
    with writing(path):
        if path.exists():
            raise DeepFocusError(
                f"cannot write {path}: it exists already",
                wanted="the name of a new folder",
                remedy="remove it, or give another name",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=_prefix_beside(path), dir=path.parent))
    try:
        with room_needed(path):
            yield aside / path.name
            (aside / path.name).rename(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _prefix_beside(path: Path) -> str:
    """The target's name, hidden, and as much of it as a temporary name has room for."""
    room = MOST_BYTES - RANDOM_BYTES - len(os.fsencode(path.suffix)) - len("..")
    return f".{os.fsencode(path.name)[:room].decode(errors='ignore')}."


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
