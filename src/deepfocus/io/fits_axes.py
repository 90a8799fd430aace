"""The axes of a FITS image: which is which, the sky WCS, and the frequency of every channel.

`astropy.wcs` reads everything that FITS-WCS defines. Before that, this module corrects spellings
that radio packages used before Paper III of the standard (Greisen et al. 2006, A&A 446, 747), and
that wcslib refuses or reads differently from the package that wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units as u
from astropy.constants import c
from astropy.io import fits
from astropy.wcs import WCS, WCSSUB_LATITUDE, WCSSUB_LONGITUDE

from deepfocus.core.errors import DeepFocusError

A_CUBE = "a FITS cube in Jy/beam with two celestial axes and one spectral axis"

SPECSYS_OF_SUFFIX = {
    "LSR": "LSRK",
    "LSD": "LSRD",
    "HEL": "BARYCENT",
    "BAR": "BARYCENT",
    "OBS": "TOPOCENT",
    "TOP": "TOPOCENT",
    "GEO": "GEOCENTR",
    "GAL": "GALACTOC",
    "CMB": "CMBDIPOL",
}
"""Frames that AIPS and its successors append to the axis type, and their names in Paper III."""

UNITS = {
    "DEGREE": "deg",
    "DEGREES": "deg",
    "M/S": "m/s",
    "KM/S": "km/s",
    "HZ": "Hz",
    "KHZ": "kHz",
    "MHZ": "MHz",
    "GHZ": "GHz",
}
"""Units in capitals, which wcslib does not know or mistakes for others (S is siemens)."""

PLAIN_TYPES = {"FREQUENCY": "FREQ", "VELOCITY": "VELO", "FELOCITY": "FELO"}


@dataclass(frozen=True, eq=False)
class Axes:
    """The order of an image's axes, and what they measure.

    longitude, latitude, spectral : FITS axes, counted from 0
    others : the remaining axes, all of length 1
    sky : celestial WCS, longitude first
    freq_hz : (chan,) channel centres in the file's order
    """

    longitude: int
    latitude: int
    spectral: int
    others: tuple[int, ...]
    sky: WCS
    freq_hz: np.ndarray
    rest_hz: float | None
    specsys: str
    notes: tuple[str, ...]

    def ordered(self, data: np.ndarray) -> np.ndarray:
        """The file's array (numpy order: last FITS axis first) as (chan, y, x)."""
        n = data.ndim
        plane = data[tuple(0 if n - 1 - axis in self.others else slice(None) for axis in range(n))]
        left = [axis for axis in range(n - 1, -1, -1) if axis not in self.others]
        return plane.transpose(
            [left.index(a) for a in (self.spectral, self.latitude)] + [left.index(self.longitude)]
        )


def read_axes(
    header: fits.Header,
    name: str,
    *,
    tables: fits.HDUList | None = None,
    rest_hz: float | None = None,
) -> Axes:
    """Find the axes of an image that has three or more.

    name : what messages call the file
    tables : the open file, for spectral axes given as a table (``FREQ-TAB``)
    rest_hz : rest frequency, Hz, that replaces the header's

    Raises `DeepFocusError` if an axis is missing or cannot be read, or if a further axis is
    longer than 1.
    """
    header, notes = _mended(header)
    if rest_hz is not None:
        header["RESTFRQ"] = rest_hz
    try:
        wcs = WCS(header, fobj=tables)
    except Exception as error:  # wcslib raises a different class for each fault
        raise _unreadable(name, error) from error
    others = _degenerate(wcs, header, name)
    try:
        sky = wcs.sub([WCSSUB_LONGITUDE, WCSSUB_LATITUDE])
        freq_hz, rest = _frequencies(wcs, header[f"NAXIS{wcs.wcs.spec + 1}"], name)
    except DeepFocusError:
        raise
    except Exception as error:
        raise _unreadable(name, error) from error
    if wcs.wcs.lng > wcs.wcs.lat:
        notes = (*notes, "latitude axis before longitude: x is the longitude axis")
    return Axes(
        longitude=wcs.wcs.lng,
        latitude=wcs.wcs.lat,
        spectral=wcs.wcs.spec,
        others=others,
        sky=sky,
        freq_hz=freq_hz,
        rest_hz=rest,
        specsys=wcs.wcs.specsys or "LSRK",
        notes=notes,
    )


def _degenerate(wcs: WCS, header: fits.Header, name: str) -> tuple[int, ...]:
    """The axes other than sky and spectrum.

    Raises `DeepFocusError` if one of those three is missing, or another is longer than 1.
    """
    if wcs.wcs.lng < 0 or wcs.wcs.lat < 0:
        raise DeepFocusError(
            f"{name} has no celestial axes (CTYPEs: {_types(wcs)})",
            wanted=A_CUBE,
            remedy="give the image, not a spectrum or a position-velocity cut, with its WCS",
        )
    if wcs.wcs.spec < 0:
        raise DeepFocusError(
            f"{name} has no spectral axis (CTYPEs: {_types(wcs)})",
            wanted=A_CUBE,
            remedy="give a cube with a FREQ or velocity axis, e.g. from tclean(specmode='cube')",
        )
    used = (wcs.wcs.lng, wcs.wcs.lat, wcs.wcs.spec)
    others = tuple(axis for axis in range(header["NAXIS"]) if axis not in used)
    for axis in others:
        _refuse_wide(header, axis, name)
    return others


def _mended(header: fits.Header) -> tuple[fits.Header, tuple[str, ...]]:
    """A copy of the header whose spectral axis wcslib reads as its writer meant, and notes."""
    header = header.copy()
    notes: list[str] = []
    for axis in range(1, header["NAXIS"] + 1):
        cunit = str(header.get(f"CUNIT{axis}", "")).strip()
        if cunit.upper() in UNITS:
            header[f"CUNIT{axis}"] = UNITS[cunit.upper()]
        ctype = str(header.get(f"CTYPE{axis}", "")).strip().upper()
        kind, _, suffix = ctype.partition("-")
        kind, suffix = PLAIN_TYPES.get(kind, kind), suffix.strip("-")
        if kind not in ("FREQ", "VELO", "FELO", "VRAD", "VOPT"):
            continue
        framed = suffix in SPECSYS_OF_SUFFIX
        if framed and "SPECSYS" not in header:
            header["SPECSYS"] = SPECSYS_OF_SUFFIX[suffix]
        if kind == "VELO" and (framed or ctype == "VELOCITY"):
            header[f"CTYPE{axis}"] = _legacy_velocity(header, notes)
        elif kind == "FELO":
            # regular in frequency, but labelled in optical velocity
            header[f"CTYPE{axis}"] = "VOPT-F2W"
        elif framed or ctype in PLAIN_TYPES:
            header[f"CTYPE{axis}"] = kind
        # VELREF is not in Paper III, and CTYPE and SPECSYS now say all that it said
        header.remove("VELREF", ignore_missing=True)
    return header, tuple(notes)


def _legacy_velocity(header: fits.Header, notes: list[str]) -> str:
    """VRAD or VOPT for an axis such as VELO-LSR: from VELREF, else by the writer's convention."""
    velref = header.get("VELREF")
    if isinstance(velref, int) and velref > 0:
        return "VRAD" if velref >= 256 else "VOPT"
    if "miriad" in str(header.get("ORIGIN", "")).lower():
        return "VRAD"  # Miriad's VELO is radio; its optical axis is FELO
    notes.append("velocity axis without VELREF: read as optical, the AIPS default")
    return "VOPT"


OPTICAL_OR_RADIO: dict[str, Callable[[u.Quantity], list[Any]]] = {
    "VRAD": u.doppler_radio,
    "VOPT": u.doppler_optical,
    "VELO": u.doppler_relativistic,
}


def _frequencies(wcs: WCS, n: int, name: str) -> tuple[np.ndarray, float | None]:
    """(chan,) channel frequencies and rest frequency, Hz."""
    axis = wcs.sub([wcs.wcs.spec + 1])
    kind = axis.wcs.ctype[0][:4]
    rest = axis.wcs.restfrq or (c.si.value / axis.wcs.restwav if axis.wcs.restwav else 0.0)
    known = np.isfinite(rest) and rest > 0
    if kind in (*OPTICAL_OR_RADIO, "ZOPT") and not known:
        raise DeepFocusError(
            f"{name} has a velocity axis ({axis.wcs.ctype[0]}) but no rest frequency",
            wanted="the header key RESTFRQ",
            remedy="add RESTFRQ in Hz to the header, or give --rest-frequency",
        )
    world = axis.wcs_pix2world(np.arange(n, dtype=float)[:, None], 0)[:, 0]
    if kind == "FREQ":
        freq_hz = world
    elif kind in OPTICAL_OR_RADIO:
        relation = OPTICAL_OR_RADIO[kind](rest * u.Hz)
        freq_hz = u.Quantity(world, u.m / u.s).to_value(u.Hz, equivalencies=relation)
    elif kind == "WAVE":
        freq_hz = c.si.value / world
    elif kind == "ZOPT":
        freq_hz = rest / (1.0 + world)
    else:
        raise DeepFocusError(
            f"{name} has a spectral axis of type {axis.wcs.ctype[0]}",
            wanted="FREQ, VRAD, VOPT, VELO, FELO, WAVE or ZOPT",
            remedy="regrid the cube to frequency",
        )
    step = np.diff(freq_hz)
    if not np.all(np.isfinite(freq_hz)) or np.any(freq_hz <= 0):
        raise DeepFocusError(
            f"{name} has channels at frequencies that are not positive",
            wanted="a spectral axis in Hz or m/s",
            remedy="check CRVAL, CDELT and CUNIT of the spectral axis",
        )
    if len(step) and not (np.all(step > 0) or np.all(step < 0)):
        raise DeepFocusError(
            f"{name} has a spectral axis that is not monotonic",
            wanted="frequencies that only rise or only fall",
            remedy="check CDELT of the spectral axis",
        )
    return freq_hz, float(rest) if known else None


def _refuse_wide(header: fits.Header, axis: int, name: str) -> None:
    length = header[f"NAXIS{axis + 1}"]
    ctype = str(header.get(f"CTYPE{axis + 1}", "")).strip() or "without a name"
    if length == 1:
        return
    if ctype.upper() == "STOKES":
        raise DeepFocusError(
            f"{name} has {length} Stokes planes",
            wanted="one, the total intensity",
            remedy="extract Stokes I, e.g. with CASA's imsubimage(stokes='I')",
        )
    raise DeepFocusError(
        f"{name} has a further axis ({ctype}) of length {length}",
        wanted=A_CUBE,
        remedy="extract one cube along that axis",
    )


def _types(wcs: WCS) -> str:
    return ", ".join(ctype or "(none)" for ctype in wcs.wcs.ctype)


def _unreadable(name: str, error: Exception) -> DeepFocusError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = re.sub(r"^ERROR \d+ in .*$", "", lines[0]).strip() if lines else ""
    text = text or (lines[-1] if lines else type(error).__name__)
    return DeepFocusError(
        f"{name} has coordinates that cannot be read: {text}",
        wanted="a header that follows FITS-WCS",
        remedy="check CTYPE, CRVAL, CDELT and CUNIT of each axis",
    )
