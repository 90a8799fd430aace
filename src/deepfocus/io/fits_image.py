"""Reads one image of a FITS file as an array (chan, y, x) with its axes, and refuses bad files.

The image may be in any HDU, compressed or not, with its axes in any order. astropy's warnings are
silenced: what matters becomes an error or a note, and the rest is about old spellings.
"""

from __future__ import annotations

import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_axes import A_CUBE, Axes, read_axes


@dataclass(frozen=True, eq=False)
class FitsImage:
    """data : (chan, y, x), native float32, without infinities; beams, beam_units : rows and column
    units of the extension BEAMS, if CASA wrote one beam per channel."""

    header: fits.Header
    axes: Axes
    data: np.ndarray
    beams: np.ndarray | None
    beam_units: tuple[str, ...]


def read_image(path: Path, *, rest_hz: float | None = None) -> FitsImage:
    """Read the first image with three or more axes.

    Raises `DeepFocusError` if the file is missing, not readable, not FITS, truncated, empty or
    all NaN, or if its axes are not a cube's.
    """
    path = Path(path)
    _refuse_unreadable(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(path) as hdus:
                _refuse_truncated(path, choose_image(hdus, str(path)))
                return image_of(hdus, str(path), rest_hz=rest_hz)
        except DeepFocusError:
            raise
        except (OSError, EOFError, TypeError, ValueError, KeyError, zlib.error) as error:
            raise _truncated(path, "its data or headers end early or are damaged") from error


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


def image_of(hdus: fits.HDUList, name: str, *, rest_hz: float | None = None) -> FitsImage:
    """The first image with three or more axes; its array is copied.

    name : what messages call it
    Raises `DeepFocusError` if there is none, it is all NaN, or its axes are not a cube's.
    """
    hdu = choose_image(hdus, name)
    # the file's tables are read only if an axis needs one
    axes = read_axes(hdu.header, name, tables=hdus, rest_hz=rest_hz)
    data = np.array(axes.ordered(hdu.data), dtype=np.float32, order="C")
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
    beams: np.ndarray | None = None
    units: tuple[str, ...] = ()
    if "BEAMS" in hdus:
        table = hdus["BEAMS"]
        beams = np.array(table.data)
        units = tuple(str(unit or "") for unit in table.columns.units)
    return FitsImage(hdu.header.copy(), axes, data, beams, units)


def choose_image(hdus: fits.HDUList, name: str) -> fits.hdu.base.ExtensionHDU:
    """The HDU of the first image with three or more axes. Raises `DeepFocusError` for none."""
    images = [
        hdu
        for hdu in hdus
        if isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU)
        and hdu.header["NAXIS"] > 0
    ]
    for hdu in images:
        lengths = [hdu.header[f"NAXIS{axis + 1}"] for axis in range(hdu.header["NAXIS"])]
        if 0 in lengths:
            raise DeepFocusError(
                f"{name} has zero size: {' x '.join(map(str, lengths))}",
                wanted=A_CUBE,
                remedy="check how the image was cut out",
            )
        if len(lengths) >= 3:
            return hdu
    n = images[0].header["NAXIS"] if images else 0
    raise DeepFocusError(
        f"{name} contains an image of {n} axes" if n else f"{name} contains no image",
        wanted=A_CUBE,
        remedy="give the cube itself, not a moment map or a table",
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
