"""Mends header cards that break the FITS standard, so that no key fails when it is read.

astropy reads a card's value only when asked, and fails then. Here all are asked at once: what can
be understood is rewritten, what cannot is left out, and notes name the keys that matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits

NUMERIC = {
    "BMAJ": "deg",
    "BMIN": "deg",
    "BPA": "deg",
    "DFSIGMA": "",
}
"""Keys whose values are numbers, and their units."""


def mended(header: fits.Header) -> tuple[fits.Header, tuple[str, ...]]:
    """A copy of a header of which every card can be read, and notes of what was left out."""
    read = [(card, _readable(card)) for card in header.cards]
    lost = [str(card.keyword) for card, readable in read if readable is None]
    notes = [f"header cards that cannot be read, left out: {', '.join(lost)}"] if lost else []
    if all(readable is card for card, readable in read):
        whole = header.copy()
    else:
        whole = fits.Header([readable for _, readable in read if readable is not None])
    for key, unit in NUMERIC.items():
        if key in whole and not _is_number(whole[key]):
            number = _quantity(whole[key], unit)
            if number is None:
                notes.append(f"{key} = {whole[key]} is no number: left out")
                del whole[key]
            else:
                notes.append(f"{key} = {whole[key]} read as {number:g} {unit}".rstrip())
                whole[key] = number
    return whole, tuple(notes)


def _readable(card: fits.Card) -> fits.Card | None:
    """The card if it can be read, or one with the same value in words; None for no value."""
    try:
        _ = (card.value, card.comment)
        return card
    except (fits.VerifyError, ValueError):
        pass
    # astropy's `card.image` is what it has made of the card: 'Jy' and a comment of Jy/beam
    text = str(getattr(card, "_image", "") or "")[10:80]
    text = text.partition(" /")[0].strip().strip("'").strip()
    text = "".join(sign for sign in text if sign.isascii() and sign.isprintable())
    if not text:
        return None
    number = _quantity(text, NUMERIC.get(card.keyword, "")) if card.keyword in NUMERIC else None
    if card.keyword in NUMERIC and number is None:
        return None
    return fits.Card(card.keyword, text if number is None else number)


def _is_number(value: object) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and bool(np.isfinite(value))  # type: ignore[call-overload]


def _quantity(value: object, unit: str) -> float | None:
    """A number from text such as '1.5' or '1.5 arcsec'; None if it is no finite number."""
    if isinstance(value, bool):
        return None
    text = str(value).strip()
    try:
        number = float(text.upper().replace("D", "E"))  # Fortran writes 1.5D0
    except ValueError:
        try:
            number = float(u.Quantity(text).to_value(unit))
        except (TypeError, ValueError):
            return None
    return number if np.isfinite(number) else None


BLOCK = 2880
MOST_AXES = 999
"""Of an image (FITS 4.0, section 4.4.1). astropy would look for each that a header promises."""
STRUCTURE = re.compile(r"^(BITPIX|NAXIS\d*|PCOUNT|GCOUNT|BLANK|BSCALE|BZERO) *= *([^/]*)")
INTEGER = re.compile(r"^[-+]?\d+$")


def damaged_structure(path: Path, *, primary: bool = False) -> str | None:
    """The first card of an uncompressed file that tells how to read its data and is no number.

    primary : look at the primary header alone
    """
    for card in _structure_cards(path, primary=primary):
        found = STRUCTURE.match(card)
        if not found:
            continue
        key, value = found[1], found[2].strip()
        scale = key in ("BSCALE", "BZERO")
        if not (INTEGER.match(value) or (scale and _quantity(value, "") is not None)):
            return f"{key} = {value}"
        if key.startswith("NAXIS") and value.startswith("-"):
            return f"{key} = {value}"
        if key == "NAXIS" and int(value) > MOST_AXES:
            return f"{key} = {value}"
        if key == "BITPIX" and value not in ("8", "16", "32", "64", "-32", "-64"):
            return f"{key} = {value}"
    return None


def _structure_cards(path: Path, *, primary: bool) -> Iterator[str]:
    """The cards of all headers, or of the first, as they are."""
    inside = False
    with path.open("rb") as file:
        while len(block := file.read(BLOCK)) == BLOCK:
            inside = inside or block.startswith((b"SIMPLE  =", b"XTENSION="))
            for start in range(0, len(block) if inside else 0, 80):
                card = block[start : start + 80].decode("ascii", "replace")
                if card.rstrip() == "END":
                    inside = False
                    break
                yield card
            if primary and not inside:
                return
