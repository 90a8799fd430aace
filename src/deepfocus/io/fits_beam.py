"""The restoring beam of a FITS image: the cube's, or the median if each channel has its own."""

from __future__ import annotations

import re

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.cube import Beam

NUMBER = r"([-+0-9.EeDd]+)"
AIPS_BEAM = re.compile(rf"BMAJ=\s*{NUMBER}\s+BMIN=\s*{NUMBER}\s+BPA=\s*{NUMBER}")


def read_beam(
    header: fits.Header, beams: np.ndarray | None, beam_units: tuple[str, ...]
) -> Beam | None:
    """The beam, or None if the file gives none.

    header : with BMAJ, BMIN (deg, FWHM) and BPA (deg), or the line that AIPS leaves in HISTORY
    beams, beam_units : rows and column units of CASA's extension BEAMS (one beam per channel)
    """
    if beams is not None:
        beam = _median_beam(beams, beam_units)
        if beam is not None:
            return beam
    values = [header.get(key) for key in ("BMAJ", "BMIN", "BPA")]
    if values[0] is None:
        values = _from_history(header)
    if values[1] is None:
        values[1] = values[0]
    try:
        major, minor, pa = (float(value or 0.0) for value in values)
    except (TypeError, ValueError):
        return None
    if not (np.isfinite([major, minor, pa]).all() and major > 0 and minor > 0):
        return None
    return Beam(major * 3600.0, minor * 3600.0, pa)


def _from_history(header: fits.Header) -> list[str | None]:
    text = "\n".join(str(line) for line in header.get("HISTORY", ()))
    found = AIPS_BEAM.findall(text)
    if not found:
        return [None, None, None]
    return [value.upper().replace("D", "E") for value in found[-1]]  # the last CLEAN counts


def _median_beam(beams: np.ndarray, beam_units: tuple[str, ...]) -> Beam | None:
    names = beams.dtype.names or ()
    if not {"BMAJ", "BMIN", "BPA"} <= set(names):
        return None
    unit = dict(zip(names, beam_units, strict=False))
    try:
        major = u.Quantity(beams["BMAJ"].astype(float), unit["BMAJ"] or "arcsec").to_value("arcsec")
        minor = u.Quantity(beams["BMIN"].astype(float), unit["BMIN"] or "arcsec").to_value("arcsec")
        pa = u.Quantity(beams["BPA"].astype(float), unit["BPA"] or "deg").to_value("rad")
    except (TypeError, ValueError):
        return None
    # CASA gives blank channels a beam of zero size
    good = np.isfinite(major) & np.isfinite(minor) & np.isfinite(pa) & (major > 0) & (minor > 0)
    if not good.any():
        return None
    # position angles repeat after 180 deg, so take the median vector of the doubled angles
    doubled = 2 * pa[good]
    angle = np.arctan2(np.median(np.sin(doubled)), np.median(np.cos(doubled))) / 2
    return Beam(
        float(np.median(major[good])), float(np.median(minor[good])), float(np.degrees(angle))
    )
