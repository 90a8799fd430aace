"""Unpacks a compressed file (gzip, bzip2, xz, zip) to scratch, piece by piece.

What comes is followed header by header: a file that unpacks to more than its headers promise, or
than the disk has room for, is left alone.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.damaged_cards import BLOCK
from deepfocus.io.hdu_sizes import MOST_AFTER, data_bytes, starts_hdu, whole_header
from deepfocus.io.scratch import ScratchFile, in_gigabytes, require_room

AT_ONCE = 1 << 20
"""Bytes that are held at a time."""


def is_packed(path: Path) -> bool:
    """Whether a file is compressed as a whole. Raises `OSError` if it cannot be read."""
    return _opener(path) is not None


def damage() -> tuple[type[Exception], ...]:
    """What is raised when something is wrong in a compressed file."""
    kinds: list[type[Exception]] = [OSError, EOFError, zlib.error, zipfile.BadZipFile]
    with suppress(ImportError):  # Python may be built without it
        from lzma import LZMAError

        kinds.append(LZMAError)
    return tuple(kinds)


def unpacked(path: Path, folder: Path) -> ScratchFile:
    """The content of a compressed FITS file in a file without a name, as far as it goes.

    folder : of that file
    Raises `DeepFocusError` if there is no room for what the headers promise, or if more comes than
    they do; and what `damage` says.
    """
    opener = _opener(path)
    assert opener is not None
    scratch, at = ScratchFile(folder), 0
    with opener(path) as stream:
        block = stream.read(BLOCK)
        while starts_hdu(block):
            header = whole_header(block, stream)
            promised = data_bytes(header)
            require_room(folder, at + len(header) + promised, f"{path}, unpacked,")
            at = _write(scratch, header, at)
            for piece in _pieces(stream, promised):
                at = _write(scratch, piece, at)
            block = stream.read(BLOCK)
        _refuse_more(path, stream, at, held=len(block))
    scratch.end_at(at)
    return scratch


def read_to_the_end(path: Path, promised: int) -> None:
    """Read a compressed file for its checksum alone; promised : bytes of its HDUs.

    Raises `DeepFocusError` if more comes than that; and what `damage` says.
    """
    opener = _opener(path)
    assert opener is not None
    with opener(path) as stream:
        for _ in _pieces(stream, promised):
            pass
        _refuse_more(path, stream, promised)


def _opener(path: Path) -> Callable[[Path], BinaryIO] | None:
    """What opens the content of a compressed file; None for one that is not."""
    with path.open("rb") as file:
        start = file.read(max(map(len, OPENERS)))
    return next((opener for magic, opener in OPENERS.items() if start.startswith(magic)), None)


def _gzip(path: Path) -> BinaryIO:
    import gzip

    return cast(BinaryIO, gzip.open(path))


def _bzip2(path: Path) -> BinaryIO:
    import bz2

    return cast(BinaryIO, bz2.open(path))


def _xz(path: Path) -> BinaryIO:
    import lzma

    return cast(BinaryIO, lzma.open(path))


def _zip(path: Path) -> BinaryIO:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1:
            raise DeepFocusError(
                f"{path} contains {len(names)} files", wanted="one", remedy="unpack it"
            )
        return cast(BinaryIO, archive.open(names[0]))


OPENERS: dict[bytes, Callable[[Path], BinaryIO]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": _bzip2,
    b"\xfd7zXZ": _xz,
    b"PK\x03\x04": _zip,
}
"""By the first bytes of a file."""


def _pieces(stream: BinaryIO, length: int) -> Iterator[bytes]:
    """So many bytes, or as many as there are."""
    while length > 0 and (piece := stream.read(min(length, AT_ONCE))):
        yield piece
        length -= len(piece)


def _write(scratch: ScratchFile, piece: bytes, at: int) -> int:
    """Write a piece to its place, and say where the next one starts."""
    values = np.frombuffer(piece, np.uint8)
    if values.any():  # what is not written is zero, and takes no room
        scratch.write(values, at)
    return at + len(piece)


def _refuse_more(path: Path, stream: BinaryIO, promised: int, *, held: int = 0) -> None:
    """Raises `DeepFocusError` if much is left; held : bytes that were read of it already."""
    if held + len(stream.read(MOST_AFTER + 1)) > MOST_AFTER:
        raise DeepFocusError(
            f"{path} unpacks to more than the {in_gigabytes(promised)} that its headers promise",
            wanted="a compressed FITS file",
            remedy="unpack it by itself, and look at what it contains",
        )
