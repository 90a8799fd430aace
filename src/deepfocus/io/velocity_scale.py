"""Whether a velocity axis is radio or optical, and in which frame.

Radio velocity is c (1 - nu / nu0), optical c (nu0 / nu - 1). At 3000 km/s they differ by 30 km/s.
"""

from __future__ import annotations

import re

from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.axis_numbers import number_in
from deepfocus.io.axis_spelling import type_of

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

PLAIN_TYPES = {"FREQUENCY": "FREQ", "VELOCITY": "VELO", "FELOCITY": "FELO"}
TYPE_OF = {"radio": "VRAD", "optical": "VOPT"}
RADIO_FROM = 256
"""VELREF of AIPS from here on means radio velocities (AIPS Memo 117)."""
RADIO_WRITERS = {r"\bgildas|\bclass\b|\biram\b": "GILDAS", r"miriad": "Miriad"}
"""ORIGIN of programs whose axis VELO is radio; Miriad's optical axis is FELO."""


def check_velocity(velocity: str | None) -> None:
    """Raise `DeepFocusError` unless it is 'radio', 'optical' or None."""
    if velocity is not None and velocity not in TYPE_OF:
        raise DeepFocusError(
            f"there is no velocity scale {velocity!r}",
            wanted="radio or optical",
            remedy="correct the value",
        )


def put_scale(header: fits.Header, axis: int, velocity: str | None, notes: list[str]) -> None:
    """Say in CTYPE and SPECSYS, in place, what a spectral axis of any spelling means.

    axis : counted from 1
    velocity : 'radio' or 'optical', which replaces the scale of VELO, VRAD and VOPT

    Without it, VELO-LSR and VELOCITY are what VELREF says; else radio if ORIGIN is a program that
    writes such; else optical, the default of AIPS, which brought them up. A plain VELO without
    these is the relativistic velocity of Paper III.
    """
    ctype = type_of(header, axis)
    kind, _, suffix = ctype.partition("-")
    kind, suffix = PLAIN_TYPES.get(kind, kind), suffix.strip("-")
    if kind not in ("FREQ", "VELO", "FELO", "VRAD", "VOPT"):
        return
    framed = suffix in SPECSYS_OF_SUFFIX
    if framed and "SPECSYS" not in header:
        header["SPECSYS"] = SPECSYS_OF_SUFFIX[suffix]
    if kind in ("VELO", "VRAD", "VOPT") and velocity is not None and ctype != "VOPT-F2W":
        if kind != TYPE_OF[velocity]:
            notes.append(f"velocity axis {ctype} read as {velocity}, as asked")
        header[f"CTYPE{axis}"] = TYPE_OF[velocity]
    elif kind == "VELO" and (framed or not suffix):
        header[f"CTYPE{axis}"] = _scale(header, ctype, notes)
    elif kind == "FELO":
        # regular in frequency, but labelled in optical velocity
        header[f"CTYPE{axis}"] = "VOPT-F2W"
    elif framed or ctype in PLAIN_TYPES:
        header[f"CTYPE{axis}"] = kind
    # VELREF is not in Paper III, and CTYPE and SPECSYS now say all that it said
    header.remove("VELREF", ignore_missing=True)


def _scale(header: fits.Header, ctype: str, notes: list[str]) -> str:
    velref = number_in(header.get("VELREF"))
    if velref is not None and velref > 0:
        return "VRAD" if velref >= RADIO_FROM else "VOPT"
    origin = str(header.get("ORIGIN", "")).lower()
    for pattern, program in RADIO_WRITERS.items():
        if re.search(pattern, origin):
            notes.append(
                f"velocity axis {ctype} without VELREF: read as radio, as {program} writes"
            )
            return "VRAD"
    if ctype == "VELO":
        notes.append("velocity axis VELO: read as relativistic, as FITS defines it")
        return "VELO"
    notes.append(
        f"velocity axis {ctype} without VELREF: read as optical, the AIPS default; "
        "--velocity radio reads it as radio"
    )
    return "VOPT"
