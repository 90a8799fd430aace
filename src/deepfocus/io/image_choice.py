"""Which image of a FITS file is the cube, and what it inherits from the primary HDU."""

from __future__ import annotations

import re
from dataclasses import dataclass

from astropy.io import fits
from astropy.io.fits.hdu.base import ExtensionHDU

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.brightness_unit import brightness_of, text_of
from deepfocus.io.damaged_cards import mended
from deepfocus.io.fits_axes import A_CUBE

NO_SKY = re.compile(
    r"WEIGHT|MASK(?!ED)|COVERAGE|ERROR|QUALITY|"
    r"(?<![A-Z])(WHT|WGT|FLAG|ERR|RMS|NOISE|SIGMA|STD|VAR|IVAR|STAT(?![A-Z])|UNC|DQ|COV|EXPO|EXPT|EXP(?![A-Z])|N?HITS|COUNT|PSF|BEAM|PB(?![A-Z])|SENS|RESP|SNR|S2N|"
    r"SPECTRAL.?INDEX|ALPHA|TAU|OPTICAL.?DEPTH)"
)
"""Names (EXTNAME, BTYPE) of images that come along with that of the sky."""
SKY = re.compile(r"(?<![A-Z])(SCI|IMAGE|DATA|CUBE|SIGNAL|FLUX|INTENSITY|BRIGHTNESS|SKY)")

SHARED = (
    "BUNIT", "RESTFRQ", "RESTFREQ", "RESTWAV", "SPECSYS", "OBJECT", "TELESCOP", "ORIGIN",
)  # fmt: skip
"""Keys that an extension takes from the primary HDU if it lacks them, INHERIT or not."""
BEAM_KEYS = ("BMAJ", "BMIN", "BPA")
OWN = re.compile(
    r"^(SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|PCOUNT|GCOUNT|GROUPS|BSCALE|BZERO|BLANK|DATAMIN|"
    r"DATAMAX|EXTNAME|EXTVER|EXTLEVEL|INHERIT|CHECKSUM|DATASUM|NEXTEND|COMMENT|HISTORY|)$"
)
"""Keys that describe one HDU alone and are never inherited."""


@dataclass(frozen=True, eq=False)
class Chosen:
    """index : of the HDU in the file; header : mended, with what it inherits; notes : on both, and
    what other images there were"""

    hdu: ExtensionHDU
    index: int
    header: fits.Header
    notes: tuple[str, ...]


def choose_image(hdus: fits.HDUList, name: str, hdu: int | str | None = None) -> Chosen:
    """The image that is the cube: the one asked for, or the likeliest of the images.

    The likeliest has no name such as WEIGHT or MASK and a unit of brightness; then come the number
    of its axes longer than 1, a name such as SCI or IMAGE, its unit, a beam, floating-point values,
    and its place.

    name : what messages call the file
    hdu : number (0 is the primary HDU) or EXTNAME, also 'SCI,2'; None to choose

    Raises `DeepFocusError` if there is none, or the one asked for is not there or is no cube.
    """
    if hdu is not None:
        images = _checked([hdus[_index_of(hdus, name, hdu)]], name)
    else:
        images = _checked(list(hdus), name)
    primary, _ = mended(hdus[0].header)
    headers = [_whole(each, hdus[0], primary) for each in images]
    ranks = [_rank(header, each) for (header, _), each in zip(headers, images, strict=True)]
    best = ranks.index(max(ranks))
    left = [_label(hdus, each) for each in images if each is not images[best]]
    header, notes = headers[best]
    if left:
        notes = (f"{_label(hdus, images[best])} was read, not {', '.join(left)}", *notes)
    return Chosen(images[best], hdus.index(images[best]), header, notes)


def _whole(
    hdu: ExtensionHDU, first: ExtensionHDU, primary: fits.Header
) -> tuple[fits.Header, tuple[str, ...]]:
    """The header of an image, mended, with what it inherits, and notes."""
    header, notes = mended(hdu.header)
    if hdu is first:
        return header, notes
    header, inherited = with_inherited(header, primary)
    return header, (*notes, *inherited)


def is_of_the_sky(header: fits.Header) -> bool:
    """Whether EXTNAME and BTYPE do not say that the image is a weight, a mask or the like."""
    return not any(NO_SKY.search(_word(header, key)) for key in ("EXTNAME", "BTYPE"))


def with_inherited(
    header: fits.Header, primary: fits.Header
) -> tuple[fits.Header, tuple[str, ...]]:
    """The header of an extension with what it lacks and the primary HDU says, and notes.

    With INHERIT = T these are all keys that do not describe the primary HDU alone (Greisen's
    convention, FITS 4.0 section 4.4.2.5), without it the unit, the beam, and what frequencies need.
    """
    lacked = [key for key in SHARED if key not in header]
    lacked += [] if "BMAJ" in header else list(BEAM_KEYS)
    if header.get("INHERIT") is True:
        lacked += [key for key in primary if not OWN.match(key) and key not in header]
    # the unit of another image counts only if it is a brightness
    if primary.get("NAXIS", 0) and brightness_of(primary.get("BUNIT")) is None:
        lacked = [key for key in lacked if key != "BUNIT"]
    taken = [key for key in dict.fromkeys(lacked) if key in primary]
    merged = header.copy()
    for key in taken:
        merged[key] = primary[key]
    if "BMAJ" not in merged and "HISTORY" not in merged:
        for line in primary.get("HISTORY", ()):  # where AIPS leaves the beam
            merged.add_history(line)
    said = [key for key in taken if key in ("BUNIT", "BMAJ")]
    notes = (f"{' and '.join(said)} taken from the primary HDU",) if said else ()
    return merged, notes


def _is_image(hdu: ExtensionHDU) -> bool:
    image = isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU)
    return image and hdu.header["NAXIS"] > 0


def _lengths(hdu: ExtensionHDU) -> list[int]:
    return [hdu.header[f"NAXIS{axis + 1}"] for axis in range(hdu.header["NAXIS"])]


def _checked(images: list[ExtensionHDU], name: str) -> list[ExtensionHDU]:
    """Those of three or more axes, or else of two. Raises `DeepFocusError` if there are none."""
    images = [each for each in images if _is_image(each)]
    whole = [each for each in images if min(_lengths(each)) > 0]
    for fewest in (3, 2):
        cubes = [each for each in whole if len(_lengths(each)) >= fewest]
        if cubes:
            return cubes
    for each in images:
        if min(_lengths(each)) <= 0:
            raise DeepFocusError(
                f"{name} has zero size: {' x '.join(map(str, _lengths(each)))}",
                wanted=A_CUBE,
                remedy="check how the image was cut out",
            )
    n = images[0].header["NAXIS"] if images else 0
    raise DeepFocusError(
        f"{name} contains an image of {n} axes" if n else f"{name} contains no image",
        wanted=A_CUBE,
        remedy="give the image or cube itself, not a spectrum or a table",
    )


def _rank(header: fits.Header, hdu: ExtensionHDU) -> tuple[int | bool, ...]:
    brightness = brightness_of(header.get("BUNIT"))
    of_the_sky = is_of_the_sky(header)
    return (
        of_the_sky and brightness is not None,
        of_the_sky,
        min(sum(length > 1 for length in _lengths(hdu)), 3),
        bool(SKY.search(_word(header, "EXTNAME"))),
        brightness is not None and bool(text_of(header.get("BUNIT"))),
        "BMAJ" in header,
        header["BITPIX"] < 0,
    )


def _word(header: fits.Header, key: str) -> str:
    return str(header.get(key, "")).strip().upper()


def _label(hdus: fits.HDUList, hdu: ExtensionHDU) -> str:
    index = hdus.index(hdu)
    said = str(hdu.header.get("EXTNAME", "")).strip()
    if index == 0:
        return f"the primary HDU ({said})" if said else "the primary HDU"
    return f"HDU {index} ({said})" if said else f"HDU {index}"


def _index_of(hdus: fits.HDUList, name: str, hdu: int | str) -> int:
    """Where the HDU is that was asked for."""
    there = ", ".join(_label(hdus, each) for each in hdus)
    missing = DeepFocusError(
        f"{name} has no HDU {hdu}",
        wanted=f"one of its HDUs: {there}",
        remedy="give the number or the EXTNAME of one of them",
    )
    text = str(hdu).strip()
    if re.fullmatch(r"\d+", text):
        if int(text) >= len(hdus):
            raise missing
        return int(text)
    extname, _, version = text.partition(",")
    for index, each in enumerate(hdus):
        same = _word(each.header, "EXTNAME") == extname.strip().upper()
        if same and (not version or str(each.header.get("EXTVER", 1)) == version.strip()):
            return index
    raise missing
