"""Reads one image of a FITS file as an array (chan, y, x) with its axes, and refuses bad files.

The image may be in any HDU, compressed or not, with its axes in any order. astropy's warnings are
silenced: what matters becomes an error or a note, and the rest is about old spellings.
"""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.memory import require_memory
from deepfocus.io.damaged_cards import damaged_structure
from deepfocus.io.fits_axes import A_CUBE, Axes, read_axes
from deepfocus.io.image_choice import choose_image
from deepfocus.io.overrides import NO_OVERRIDES, Overrides


@dataclass(frozen=True, eq=False)
class FitsImage:
    """header : mended, with what it inherits from the primary HDU
    data : (chan, y, x), native float32, without infinities
    beams, beam_units : rows and column units of the extension BEAMS, if CASA wrote one beam per
        channel
    index : of the HDU; notes : on the choice of the HDU and on its header
    """

    header: fits.Header
    axes: Axes
    data: np.ndarray
    beams: np.ndarray | None
    beam_units: tuple[str, ...]
    index: int = 0
    notes: tuple[str, ...] = ()


def read_image(path: Path, overrides: Overrides = NO_OVERRIDES) -> FitsImage:
    """Read the image that is the cube, or that of the HDU asked for by number or EXTNAME.

    Raises `DeepFocusError` if the file is missing, not readable, not FITS, truncated, empty or
    all NaN, or if its axes are not a cube's.
    """
    with _opened(Path(path), overrides.hdu) as hdus:
        return image_of(hdus, str(path), overrides)


def read_shape(path: Path, overrides: Overrides = NO_OVERRIDES) -> tuple[int, int, int]:
    """(chan, y, x) of the image that `read_image` would read, from the headers alone.

    Raises `DeepFocusError` as that does, but for what its data are.
    """
    with _opened(Path(path), overrides.hdu) as hdus:
        header = choose_image(hdus, str(path), overrides.hdu).header
        axes = read_axes(header, str(path), tables=hdus, overrides=overrides)
        ny, nx = (int(header[f"NAXIS{axis + 1}"]) for axis in (axes.latitude, axes.longitude))
        return len(axes.freq_hz), ny, nx


@contextmanager
def _opened(path: Path, hdu: int | str | None) -> Iterator[fits.HDUList]:
    """The HDUs of a file that is whole; whatever is wrong inside becomes a `DeepFocusError`."""
    _refuse_unreadable(path)
    damaged = damaged_structure(path, primary=True)
    if damaged is not None:  # astropy would leave the file open
        raise _damaged(path, damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # a file that is opened here is closed here, whatever becomes of it
            with path.open("rb") as file, fits.open(file) as hdus:
                _refuse_negative(path, hdus)
                _refuse_truncated(path, choose_image(hdus, str(path), hdu).hdu)
                yield hdus
        except DeepFocusError:
            raise
        except (
            OSError,
            EOFError,
            TypeError,
            ValueError,
            KeyError,
            fits.VerifyError,
            zlib.error,
        ) as error:
            damaged = damaged_structure(path)
            if damaged is not None:
                raise _damaged(path, damaged) from error
            raise _truncated(path, "its data or headers end early or are damaged") from error


def _require_memory(header: fits.Header, name: str) -> None:
    """Raises `DeepFocusError` for a cube larger than memory, and for a header that promises one."""
    lengths = [int(header[f"NAXIS{axis + 1}"]) for axis in range(int(header["NAXIS"]))]
    values = float(np.prod(np.array(lengths, float)))
    require_memory(
        values * np.dtype(np.float32).itemsize,
        f"{name} of {' x '.join(map(str, lengths))} values",
        remedy="cut out a part of it, or use a machine with more memory",
    )


def _refuse_unreadable(path: Path) -> None:
    if path.is_dir():
        raise DeepFocusError(
            f"{path} is a folder",
            wanted="a FITS file",
            remedy="export a CASA image with exportfits",
        )
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise DeepFocusError(
            f"cannot read {path}: {error.strerror}",
            wanted="a FITS file that can be read",
            remedy="check the path and its permissions",
        ) from error
    # plain FITS; gzip, bzip2, xz and zip, which astropy unpacks
    if not start.startswith((b"SIMPLE  =", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04")):
        raise DeepFocusError(
            f"{path} is empty" if not start else f"{path} is not a FITS file",
            wanted=A_CUBE,
            remedy="export the image, e.g. with CASA's exportfits",
        )


def image_of(
    hdus: fits.HDUList,
    name: str,
    overrides: Overrides = NO_OVERRIDES,
) -> FitsImage:
    """The image that is the cube; its array is copied.

    name : what messages call it
    Raises `DeepFocusError` if there is none, it is all NaN, or its axes are not a cube's.
    """
    chosen = choose_image(hdus, name, overrides.hdu)
    # the file's tables are read only if an axis needs one
    axes = read_axes(chosen.header, name, tables=hdus, overrides=overrides)
    _require_memory(chosen.header, name)
    data = np.array(axes.ordered(chosen.hdu.data), dtype=np.float32, order="C")
    finite = False
    for plane in data:  # a mask of the whole cube would need another quarter of its memory
        plane[np.isinf(plane)] = np.nan
        finite = finite or bool(np.isfinite(plane).any())
    if not finite:
        raise DeepFocusError(
            f"{name} contains no finite value: all NaN",
            wanted="a cube with data",
            remedy="check how the image was made or masked",
        )
    beams, units, notes = beams_table(hdus)
    notes = (*chosen.notes, *notes)
    return FitsImage(chosen.header, axes, data, beams, units, chosen.index, notes)


def beams_table(
    hdus: fits.HDUList,
) -> tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]:
    """Rows and column units of the extension BEAMS, None without one, and notes."""
    if "BEAMS" not in hdus:
        return None, (), ()
    table = hdus["BEAMS"]
    if not isinstance(table, fits.BinTableHDU | fits.TableHDU):
        return None, (), ("the extension BEAMS is not a table: ignored",)
    return np.array(table.data), tuple(str(unit or "") for unit in table.columns.units), ()


def _refuse_negative(path: Path, hdus: fits.HDUList) -> None:
    """Refuse a negative length before astropy looks for the next HDU: it would not end."""
    index = 0
    while True:
        try:
            header = hdus[index].header
        except IndexError:
            return
        for axis in range(header["NAXIS"]):
            length = header[f"NAXIS{axis + 1}"]
            if length < 0:
                raise _damaged(path, f"NAXIS{axis + 1} = {length}")
        index += 1


def _damaged(path: Path, card: str) -> DeepFocusError:
    return DeepFocusError(
        f"{path} has a damaged header: {card}",
        wanted="a header that says how many numbers of which kind follow",
        remedy="correct that card, or export the image again",
    )


def _refuse_truncated(path: Path, hdu: fits.hdu.base.ExtensionHDU) -> None:
    """Refuse an uncompressed file that is shorter than its header says.

    Missing padding in the last block is harmless and accepted. The size of a compressed file
    says nothing; it fails when its data are read.
    """
    info = hdu.fileinfo()
    if info is None or info["file"].compression or isinstance(hdu, fits.CompImageHDU):
        return
    wanted, found = info["datLoc"] + hdu.size, path.stat().st_size
    if found < wanted:
        raise _truncated(path, f"{found} bytes of {wanted}")


def _truncated(path: Path, what: str) -> DeepFocusError:
    return DeepFocusError(
        f"{path} is truncated: {what}",
        wanted="a complete FITS file",
        remedy="copy or download it again",
    )
