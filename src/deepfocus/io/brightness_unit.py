"""The spellings of BUNIT in radio packages, and the factor from each to Jy/beam."""

from __future__ import annotations

import re

from deepfocus.core.errors import DeepFocusError

FACTORS = {"": 1.0, "m": 1e-3, "u": 1e-6, "μ": 1e-6, "µ": 1e-6, "k": 1e3}
SPELLING = re.compile(r"^(?P<prefix>\S?)Jy(?:/| *\.?)(?:beam|bm)(?:(?:\^|\*\*)?\(?-1\)?)?$")

TURNED = re.compile(r"^beam(?:\^|\*\*)?\(?-1\)? (\S?Jy)$")
"""The spelling of astropy, which sorts the units alphabetically."""


def factor_to_jy_beam(bunit: str | None, name: str) -> tuple[float, tuple[str, ...]]:
    """The factor that converts values to Jy/beam, and notes.

    A missing unit counts as Jy/beam, with a note. Raises `DeepFocusError` for anything that
    is not a flux density per beam.
    """
    text = " ".join(str(bunit or "").split())
    if not text:
        return 1.0, ("no BUNIT: read as Jy/beam",)
    in_capitals = text == text.upper()
    # in a unit all in capitals (AIPS, Miriad), M means milli: nobody images in MJy
    plain = re.sub("JY", "Jy", text, flags=re.IGNORECASE)
    plain = re.sub("BEAM", "beam", plain, flags=re.IGNORECASE)
    plain = TURNED.sub(r"\1 beam-1", plain)
    found = SPELLING.match(plain)
    prefix = found["prefix"] if found else None
    if prefix is not None and in_capitals:
        prefix = prefix.lower()
    # 'Jy beam' without an exponent and 'Jybeam' are not flux densities per beam
    if prefix in FACTORS and ("/" in plain or "-1" in plain):
        note = ("BUNIT MJY/BEAM read as mJy/beam",) if in_capitals and prefix == "m" else ()
        return FACTORS[prefix], note
    kelvin = text.upper() in ("K", "KELVIN", "MK")
    raise DeepFocusError(
        f"{name} is in {text}",
        wanted="Jy/beam or mJy/beam",
        remedy="convert the brightness temperature to Jy/beam with the beam and the frequency, "
        "e.g. by spectral-cube's cube.to('Jy/beam')"
        if kelvin
        else "set BUNIT, or convert the image to Jy/beam",
    )
