"""Spellings of axes, units and frames that wcslib does not know, put as it knows them.

Radio packages used them before Papers II and III of the standard (Calabretta & Greisen 2002,
A&A 395, 1077; Greisen et al. 2006, A&A 446, 747).
"""

from __future__ import annotations

import re

from astropy.io import fits

UNITS = {
    "DEGREE": "deg",
    "DEGREES": "deg",
    "DEG": "deg",
    "ARCSECONDS": "arcsec",
    "RADIANS": "rad",
    "M/S": "m/s",
    "M/SEC": "m/s",
    "METERS/SEC": "m/s",
    "KM/S": "km/s",
    "KM/SEC": "km/s",
    "KMS": "km/s",
    "HZ": "Hz",
    "HERTZ": "Hz",
    "KHZ": "kHz",
    "MHZ": "MHz",
    "GHZ": "GHz",
}
"""Units that wcslib does not know or mistakes for others (S is siemens)."""

J2000 = re.compile(r"(FK5)?[^A-Z0-9]*J?2000(\.0*)?")
B1950 = re.compile(r"(FK4)?[^A-Z0-9]*B?1950(\.0*)?")
EQUINOX = re.compile(r"[JB]?\s*(\d{4}(?:\.\d*)?)")

CELESTIAL = re.compile(r"(RA|DEC|[A-Z]LON|[A-Z]LAT|[A-Z]{2}LN|[A-Z]{2}LT)(-|$)")
SPECTRAL = ("FREQ", "VELO", "FELO", "VRAD", "VOPT", "ZOPT", "WAVE", "AWAV", "WAVN", "ENER", "BETA")


def spell(header: fits.Header) -> None:
    """Put CTYPE, CUNIT, RADESYS and EQUINOX of a header, in place, as wcslib spells them."""
    for axis in axes_of(header):
        if f"CTYPE{axis}" in header:
            header[f"CTYPE{axis}"] = type_of(header, axis)
        unit = str(header.get(f"CUNIT{axis}") or "").strip()
        if unit.upper() in UNITS:
            header[f"CUNIT{axis}"] = UNITS[unit.upper()]
    for key in ("EQUINOX", "EPOCH"):
        told = EQUINOX.fullmatch(str(header.get(key, "")).strip().upper())
        if told:
            header[key] = float(told[1])
    _spell_frame(header)


def _spell_frame(header: fits.Header) -> None:
    for key in ("RADESYS", "RADECSYS"):
        if key not in header:
            continue
        frame = str(header[key]).strip().upper()
        equinox = None
        if J2000.fullmatch(frame):
            frame, equinox = "FK5", 2000.0
        elif B1950.fullmatch(frame):
            frame, equinox = "FK4", 1950.0
        elif frame.startswith("ICRF"):
            frame = "ICRS"
        if not frame:
            del header[key]
            continue
        header[key] = frame
        if equinox and "EQUINOX" not in header and "EPOCH" not in header:
            header["EQUINOX"] = equinox


def type_of(header: fits.Header, axis: int) -> str:
    """CTYPE of an axis, counted from 1, in capitals; empty if it has none."""
    value = header.get(f"CTYPE{axis}")
    return value.strip().upper() if isinstance(value, str) else ""


def axes_of(header: fits.Header) -> range:
    """Every axis that the header names, counted from 1; there may be more than NAXIS."""
    named = (re.fullmatch(r"(?:CTYPE|CRVAL|CDELT|CRPIX|CUNIT)(\d+)", key) for key in header)
    return range(1, max([header["NAXIS"], *(int(each[1]) for each in named if each)]) + 1)


def is_celestial(ctype: str) -> bool:
    """Whether an axis is a longitude or a latitude."""
    return CELESTIAL.match(ctype) is not None


def is_spectral(ctype: str) -> bool:
    """Whether an axis is one of frequency, velocity or wavelength."""
    # plain words, and frames after a hyphen: FREQUENCY, VELO-LSR
    return ctype.startswith(SPECTRAL)
