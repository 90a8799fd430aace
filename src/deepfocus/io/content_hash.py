"""Tells whether files are the same as before: a hash of their content.

Of a large file parts are hashed, and its size: to read all of it would take longer than much of the
search. A file that was written anew differs in all of them; one in which a few voxels were
overwritten in place may pass for the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

AT_ONCE = 1 << 20
"""Bytes that are hashed at a time, and of a part of a large file."""
LARGE_BYTES = 1 << 31
"""Above which a file is large."""
PARTS = 256
"""Of a large file, from its start to its end."""


def content_line(files: Sequence[Path]) -> str:
    """For a file of settings: the hash, and whether it is that of parts."""
    large = any(os.path.exists(each) and os.path.getsize(each) > LARGE_BYTES for each in files)
    return f"content{' of parts' if large else ''}: {content_hash(files)}"


def content_hash(files: Iterable[Path]) -> str:
    """Of all of them, in order of their names; '' if one cannot be read."""
    digest = blake2b(digest_size=16)
    try:
        for each in sorted(files):
            with each.open("rb") as file:
                for part in _parts(file, os.fstat(file.fileno()).st_size):
                    digest.update(part)
    except OSError:
        return ""
    return digest.hexdigest()


def _parts(file: BinaryIO, size: int) -> Iterator[bytes]:
    """All of a file, or of a large one its size and parts."""
    if size <= LARGE_BYTES:
        while part := file.read(AT_ONCE):
            yield part
        return
    yield size.to_bytes(8, "little")
    for i in range(PARTS):
        file.seek((size - AT_ONCE) * i // (PARTS - 1))
        yield file.read(AT_ONCE)
