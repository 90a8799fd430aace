"""Files are written whole or not at all: to a temporary name beside the target, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepfocus.core.errors import DeepFocusError


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the target's suffix; rename it to `path` on success.

    On any exception the temporary file is removed and the target is left as it was.
    Raises `DeepFocusError` where the folder cannot be written.
    """
    path = Path(path)
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
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
