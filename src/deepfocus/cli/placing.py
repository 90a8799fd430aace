"""Moves finished files to where they belong, all or none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def place(made: Path, out: Path, names: Sequence[str], stale: Sequence[str] = ()) -> None:
    """Move files from one folder to another of the same file system; what is there is replaced.

    names : of the files; the last one marks that the others are there and belong together
    stale : of files that do not belong to them, and go

    While files are moved, there is none that marks them. If one cannot be moved, all is as it was
    before. Raises OSError then.
    """
    before = made / "before"
    before.mkdir()
    try:
        for name in (*reversed(names), *stale):
            if os.path.lexists(out / name):
                (out / name).replace(before / name)
        for name in names:
            (made / name).replace(out / name)
    except BaseException:
        for name in names:
            if not os.path.lexists(made / name):
                (out / name).unlink(missing_ok=True)
        for name in (*stale, *names):
            if os.path.lexists(before / name):
                (before / name).replace(out / name)
        raise
