"""Reads one image of a FITS file as an array (chan, y, x) with its axes, and refuses bad files.

The image may be in any HDU, compressed or not, with its axes in any order. astropy's warnings are
silenced: what matters becomes an error or a note, and the rest is about old spellings.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.memory import require_memory
from deepfocus.core.voxels import Voxels
from deepfocus.io.damaged_cards import damaged_structure
from deepfocus.io.fits_axes import A_CUBE, Axes, read_axes
from deepfocus.io.fits_scale import Scale
from deepfocus.io.fits_voxels import FitsVoxels, SectionVoxels
from deepfocus.io.hdu_sizes import without_the_rest
from deepfocus.io.image_choice import Chosen, choose_image
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.packed import damage, is_packed, read_to_the_end, unpacked
from deepfocus.io.scratch import in_gigabytes
from deepfocus.io.stored_numbers import StoredNumbers

DAMAGE = (TypeError, ValueError, KeyError, AttributeError, fits.VerifyError)
"""What astropy raises over a damaged header."""


@dataclass(frozen=True, eq=False)
class FitsImage:
    """header : mended, with what it inherits from the primary HDU
    data : (chan, y, x), native float32, without infinities; an array, or read by parts
    beams, beam_units : rows and column units of the extension BEAMS, if CASA wrote one beam per
        channel
    index : of the HDU; notes : on the choice of the HDU and on its header
    """

    header: fits.Header
    axes: Axes
    data: Voxels
    beams: np.ndarray | None
    beam_units: tuple[str, ...]
    index: int = 0
    notes: tuple[str, ...] = ()


def read_image(path: Path, overrides: Overrides = NO_OVERRIDES) -> FitsImage:
    """Read the image that is the cube, or that of the HDU asked for by number or EXTNAME.

    Raises `DeepFocusError` if the file is missing, not readable, not FITS, truncated or empty, or
    if its axes are not a cube's.
    """
    with _opened(Path(path), overrides.hdu) as (hdus, _):
        image = image_of(hdus, str(path), overrides)
        _refuse_damaged_content(path, hdus)
        return image


@contextmanager
def image_by_parts(
    path: Path, overrides: Overrides = NO_OVERRIDES, *, folder: Path | None = None
) -> Iterator[FitsImage]:
    """The same image, of which only what is asked for is read.

    folder : a compressed file is unpacked to a file without a name there; without one, astropy
        unpacks what is read each time, or all of it if the spectra of pixels follow each other
    Its data are `FitsVoxels`, which can be kept, `SectionVoxels`, which need the file open, or an
    array.
    Raises `DeepFocusError` as `read_image` does, and if there is no room to unpack the file; here
    and inside the context.
    """
    with _opened(Path(path), overrides.hdu, folder) as (hdus, file):
        chosen = choose_image(hdus, str(path), overrides.hdu)
        axes = read_axes(chosen.header, str(path), tables=hdus, overrides=overrides)
        beams, units, notes = beams_table(hdus)
        notes = (*chosen.notes, *notes)
        if folder is not None and is_packed(path):
            size = in_gigabytes(os.fstat(file.fileno()).st_size)
            notes = (*notes, f"unpacked to {size} of scratch")
        data = _voxels_of(chosen, axes, file, str(path))
        yield FitsImage(chosen.header, axes, data, beams, units, chosen.index, notes)
        _refuse_damaged_content(path, hdus)


def read_shape(path: Path, overrides: Overrides = NO_OVERRIDES) -> tuple[int, int, int]:
    """(chan, y, x) of the image that `read_image` would read, from the headers alone.

    Raises `DeepFocusError` as that does, but for what its data are.
    """
    with _opened(Path(path), overrides.hdu) as (hdus, _):
        header = choose_image(hdus, str(path), overrides.hdu).header
        axes = read_axes(header, str(path), tables=hdus, overrides=overrides)
        ny, nx = (int(header[f"NAXIS{axis + 1}"]) for axis in (axes.latitude, axes.longitude))
        return len(axes.freq_hz), ny, nx


def _voxels_of(chosen: Chosen, axes: Axes, file: BinaryIO, name: str) -> Voxels:
    """The image of an open file."""
    hdu = chosen.hdu
    whole_once = axes.spectra_together and not isinstance(hdu, fits.CompImageHDU)
    if not _is_plain(hdu) and (whole_once or len(axes.lengths(hdu.shape)) > len(hdu.shape)):
        return _whole(chosen, axes, name)
    lengths = axes.lengths(hdu.shape)
    by_role = axes.by_role(lengths)
    if _is_plain(hdu):
        scale, offset = Scale.of(hdu.header), hdu.fileinfo()["datLoc"]
        numbers = StoredNumbers(file, name, offset=offset, shape=lengths, dtype=scale.dtype)
        return FitsVoxels(numbers, scale, axes, by_role)
    tile = getattr(hdu, "tile_shape", None)
    whole_planes = (1, *by_role[1:])
    return SectionVoxels(
        hdu.section, axes, by_role, whole_planes if tile is None else axes.by_role(tile)
    )


def _is_plain(hdu: fits.hdu.base.ExtensionHDU) -> bool:
    """Whether the numbers of an HDU lie in the file as they are."""
    return not isinstance(hdu, fits.CompImageHDU) and not hdu.fileinfo()["file"].compression


@contextmanager
def _opened(
    path: Path, hdu: int | str | None, folder: Path | None = None
) -> Iterator[tuple[fits.HDUList, BinaryIO]]:
    """The HDUs of a file that is whole, and the file that they are in.

    folder : a compressed file is unpacked there first; without one, astropy does
    Whatever is wrong inside becomes a `DeepFocusError`.
    """
    _refuse_unreadable(path)
    damaged = damaged_structure(path, primary=True)
    if damaged is not None:  # astropy would leave the file open
        raise _damaged(path, damaged)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # a file that is opened here is closed here, whatever becomes of it
            with _file_of(path, folder) as file, fits.open(without_the_rest(file)) as hdus:
                _refuse_negative(path, hdus)
                _refuse_truncated(path, file, choose_image(hdus, str(path), hdu).hdu)
                yield hdus, file
        except DeepFocusError:
            raise
        except Exception as error:
            if not _is_damage(error):
                raise
            damaged = damaged_structure(path)
            if damaged is not None:
                raise _damaged(path, damaged) from error
            raise _truncated(path, "its data or headers end early or are damaged") from error


def _is_damage(error: Exception) -> bool:
    """Whether that is raised when something is wrong in a file.

    What Astropy raises of a damaged tile has a class that it does not export.
    """
    return isinstance(error, (*damage(), *DAMAGE)) or type(error).__name__ == "CfitsioException"


def _file_of(path: Path, folder: Path | None) -> BinaryIO:
    if folder is not None and is_packed(path):
        return unpacked(path, folder).opened()
    return path.open("rb")


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
            f"{path} is a folder, and no CASA image: there is no table.dat",
            wanted="a FITS file or a CASA image",
            remedy="give the image in it",
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
    Raises `DeepFocusError` if there is none, or its axes are not a cube's.
    """
    chosen = choose_image(hdus, name, overrides.hdu)
    # the file's tables are read only if an axis needs one
    axes = read_axes(chosen.header, name, tables=hdus, overrides=overrides)
    data = _whole(chosen, axes, name)
    beams, units, notes = beams_table(hdus)
    notes = (*chosen.notes, *notes)
    return FitsImage(chosen.header, axes, data, beams, units, chosen.index, notes)


def _whole(chosen: Chosen, axes: Axes, name: str) -> np.ndarray:
    """(chan, y, x) an image in memory, without infinities."""
    _require_memory(chosen.header, name)
    data = np.array(axes.ordered(chosen.hdu.data), dtype=np.float32, order="C")
    for plane in data:  # a mask of the whole cube would need another quarter of its memory
        plane[np.isinf(plane)] = np.nan
    return data


def no_data(name: str) -> DeepFocusError:
    """What is said of an image without a finite value; name : what messages call the file."""
    return DeepFocusError(
        f"{name} contains no finite value: all NaN",
        wanted="a cube with data",
        remedy="check how the image was made or masked",
    )


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
    """Refuse a negative length before astropy looks for the next HDU: it would not end.

    Nor would it in a compressed file with an HDU that it cannot read.
    """
    index = 0
    while True:
        try:
            header = hdus[index].header
        except IndexError:
            return
        if not hasattr(hdus[index], "fileinfo") and is_packed(path):
            raise _truncated(path, "its data or headers end early or are damaged")
        for axis in range(header["NAXIS"]):
            length = header[f"NAXIS{axis + 1}"]
            if length < 0:
                raise _damaged(path, f"NAXIS{axis + 1} = {length}")
        index += 1


def _refuse_damaged_content(path: Path, hdus: fits.HDUList) -> None:
    """Raises `OSError` or `DeepFocusError` if a compressed file is not what was packed.

    Its checksum stands at its end, of which astropy says nothing.
    """
    place = hdus[-1].fileinfo()
    if place is not None and place["file"].compression == "gzip":
        read_to_the_end(path, place["datLoc"] + place["datSpan"])


def _damaged(path: Path, card: str) -> DeepFocusError:
    return DeepFocusError(
        f"{path} has a damaged header: {card}",
        wanted="a header that says how many numbers of which kind follow",
        remedy="correct that card, or export the image again",
    )


def _refuse_truncated(path: Path, file: BinaryIO, hdu: fits.hdu.base.ExtensionHDU) -> None:
    """Refuse an uncompressed file that is shorter than its header says.

    Missing padding in the last block is harmless and accepted. The size of a compressed file
    says nothing; it fails when its data are read.
    """
    if hdu.fileinfo() is None or not _is_plain(hdu):
        return
    wanted, found = hdu.fileinfo()["datLoc"] + hdu.size, os.fstat(file.fileno()).st_size
    if found < wanted:
        raise _truncated(path, f"{found} bytes of {wanted}")


def _truncated(path: Path, what: str) -> DeepFocusError:
    return DeepFocusError(
        f"{path} is truncated: {what}",
        wanted="a complete FITS file",
        remedy="copy or download it again",
    )
