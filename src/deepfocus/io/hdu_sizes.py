"""How long the HDUs of a FITS file are, as their headers say: nothing else of it is read."""

from __future__ import annotations

import io
import os
from math import prod
from typing import Any, BinaryIO, cast

from astropy.io import fits

from deepfocus.io.damaged_cards import BLOCK

MOST_HEADER = 1 << 24
"""Bytes of the longest header."""
MOST_AFTER = 1 << 20
"""Bytes that may follow the last HDU, such as the padding of a tape."""
MOST_PROMISED = 1 << 80
"""Bytes: no disk has so many, and a float holds them."""
STARTS = (b"SIMPLE  =", b"XTENSION=")
END = b"END".ljust(80)


def starts_hdu(block: bytes) -> bool:
    """Whether an HDU starts with this block."""
    return block.startswith(STARTS)


def whole_header(start: bytes, stream: BinaryIO) -> bytes:
    """A header up to its END, or up to where the file ends; start : its first block."""
    blocks, last = [start], start
    while not any(last[i : i + 80] == END for i in range(0, len(last), 80)):
        last = stream.read(BLOCK)
        blocks.append(last)
        if not last or len(blocks) * BLOCK > MOST_HEADER:
            break
    return b"".join(blocks)


def data_bytes(header: bytes) -> int:
    """What a header says that follows it, in whole blocks (FITS 4.0, equations 2 and 4)."""
    cards = fits.Header.fromstring(header)
    lengths = [int(cards[f"NAXIS{axis + 1}"]) for axis in range(int(cards["NAXIS"]))]
    if lengths[:1] == [0] and cards.get("GROUPS") is True:
        lengths = lengths[1:]
    if not lengths:
        return 0
    values = int(cards.get("GCOUNT", 1)) * (int(cards.get("PCOUNT", 0)) + prod(lengths))
    size = -(-abs(int(cards["BITPIX"])) // 8 * values // BLOCK) * BLOCK
    return min(max(0, size), MOST_PROMISED)


def end_of_hdus(file: BinaryIO) -> int | None:
    """Bytes up to the end of the last HDU of an uncompressed file; None if it starts with none."""
    size, at = os.fstat(file.fileno()).st_size, 0
    while at < size:
        file.seek(at)
        block = file.read(BLOCK)
        if not starts_hdu(block):
            break
        header = whole_header(block, file)
        at += len(header) + data_bytes(header)
    file.seek(0)
    return at or None


class FirstPart(io.RawIOBase):
    """A file up to some place. It closes the file with itself."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self._file, self._end = file, end

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes from the start."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._end}[whence]
        return self._file.seek(start + offset)

    def readinto(self, buffer: Any) -> int:
        """As of any file."""
        view = memoryview(buffer).cast("B")
        content = self._file.read(min(len(view), max(0, self._end - self.tell())))
        view[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """The file, too."""
        self._file.close()
        super().close()


def without_the_rest(file: BinaryIO) -> BinaryIO:
    """A file without what follows its last HDU if that is much; a compressed one as it is.

    astropy would take it for a header, and hold all of it. Raises what it raises over a damaged
    header.
    """
    end = end_of_hdus(file)
    if end is None or os.fstat(file.fileno()).st_size - end <= MOST_AFTER:
        return file
    return cast(BinaryIO, io.BufferedReader(FirstPart(file, end)))
