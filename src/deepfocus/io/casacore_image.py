"""Opens a CASA image with python-casacore, and asks it for what a FITS file would say."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.casa_folder import IMAGE, TABLE, is_casa_table, type_of_table

REAL = ("float", "double")
"""casacore's names of the pixels that are read; the others are complex."""
NO_LOCKS = "autonoread"
LARGEST_PART = 1 << 24
"""Values of one pixel of the sky. What has more is no cube."""


@contextmanager
def without_waiting(path: Path) -> Iterator[None]:
    """Open the tables of an image, its mask and its history, as those who read without locks.

    Who opens them again inside shares that. An image that is open in CASA may be locked until that
    ends, and casacore would wait.
    Raises `DeepFocusError` if the folder is another table, or if python-casacore is not installed;
    else whatever casacore does.
    """
    _refuse_other_tables(path)
    try:
        from casacore.tables import table
    except ImportError as error:
        raise DeepFocusError(
            f"{path} is a CASA image, and python-casacore, which reads them, is not installed",
            wanted="the optional extra ms",
            remedy='pip install "deepfocus-alma[ms]", or export the image with exportfits',
        ) from error
    with ExitStack() as tables:
        main = tables.enter_context(table(str(path), ack=False, lockoptions=NO_LOCKS))
        inside = [str(each.parent) for each in sorted(path.rglob(TABLE)) if each.parent != path]
        for each in dict.fromkeys((*inside, *main.getsubtables())):
            tables.enter_context(table(each, ack=False, lockoptions=NO_LOCKS))
        yield


def opened_image(path: Path) -> Any:
    """An image of python-casacore, of real pixels; its axes are in the order of a FITS array.

    Raises `DeepFocusError` if its pixels are complex; else whatever casacore does.
    """
    from casacore.images.image import Image, image

    # not image(str): that looks for variables of Python in a name with a dollar
    opened = image(Image(str(path), "", []))
    if opened.datatype() not in REAL:
        raise DeepFocusError(
            f"{path} has complex pixels",
            wanted="an image of real numbers",
            remedy="make one, e.g. with CASA's immath(expr='real(IM0)')",
        )
    return opened


def _refuse_other_tables(path: Path) -> None:
    kind = type_of_table(path)
    if kind == IMAGE:
        return
    if not kind:
        missing = "table.info that tells its type" if is_casa_table(path) else "table.dat"
        raise DeepFocusError(
            f"{path} is no CASA image: there is no {missing}",
            wanted="the whole folder, as CASA wrote it",
            remedy="copy it again with all its files",
        )
    is_ms = kind.lower() == "measurement set"
    raise DeepFocusError(
        f"{path} is a measurement set" if is_ms else f"{path} is a CASA table of type {kind!r}",
        wanted="an image",
        remedy="make its dirty cube first: deepfocus dirty" if is_ms else "give the image itself",
    )


def lengths_of(opened: Any) -> list[int]:
    """Of the axes, in the order of the array."""
    return [int(n) for n in opened.shape()]


def tile_of(path: Path) -> list[int]:
    """Lengths of what casacore reads together, in the order of the array."""
    from casacore.tables import table

    with table(str(path), ack=False, lockoptions=NO_LOCKS) as opened:
        (pixels,) = opened.getdminfo().values()
        (cube,) = pixels["SPEC"]["HYPERCUBES"].values()
    return [int(n) for n in cube["TileShape"][::-1]]


def touch_the_end(opened: Any) -> None:
    """Read the last pixel and its mask: casacore complains about files that are too short."""
    last = [n - 1 for n in lengths_of(opened)]
    opened.getdata(last, last)
    opened.getmask(last, last)


def header_hdus(opened: Any) -> fits.HDUList:
    """The header that exportfits writes, with the lengths of the image and the table of its beams;
    data are those of one pixel of the sky."""
    part = opened.subimage(*_one_pixel(opened), dropdegenerate=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "header.fits"
        write_fits(part, file)
        hdus = fits.open(BytesIO(file.read_bytes()))
    for axis, length in enumerate(reversed(lengths_of(opened)), start=1):
        hdus[0].header[f"NAXIS{axis}"] = length
    return hdus


def write_fits(opened: Any, file: Path) -> None:
    """All of an image as exportfits writes it, in single precision, its axes in their order."""
    from casacore.images.image import Image, image

    if opened.datatype() != "float":  # casacore writes no other
        opened = image(Image("float($1)", "", [opened]))
    opened.tofits(str(file), velocity=False, optical=False)


def _one_pixel(opened: Any) -> tuple[list[int], list[int]]:
    """The first and last voxel of one pixel of the sky, of all channels: each may have its beam."""
    lengths = lengths_of(opened)
    sky = {int(axis) for each in _coordinates(opened, "direction") for axis in each["_image_axes"]}
    last = [0 if axis in sky else n - 1 for axis, n in enumerate(lengths)]
    first = [0] * len(lengths)
    return first, last if prod(n + 1 for n in last) <= LARGEST_PART else first


def listed_frequencies(opened: Any) -> np.ndarray | None:
    """(chan,) Hz where they are a list, which a header would make even; None where they are not."""
    listed = [each for each in _coordinates(opened, "spectral") if "tabular" in each]
    if not listed:
        return None
    lengths, axis = lengths_of(opened), int(listed[0]["_image_axes"][0])
    pixels = np.zeros((lengths[axis], len(lengths)))
    pixels[:, axis] = np.arange(lengths[axis])
    world = [opened.toworld(pixel)[axis] for pixel in pixels.tolist()]
    freq_hz: np.ndarray = u.Quantity(world, listed[0]["unit"]).to_value("Hz")
    return freq_hz


def _coordinates(opened: Any, kind: str) -> list[Mapping[str, Any]]:
    """As casacore describes those of a kind, 'direction' or 'spectral'."""
    every: Mapping[str, Mapping[str, Any]] = opened.info()["coordinates"]
    return [each for name, each in every.items() if name.rstrip("0123456789") == kind]
