"""BUNIT as the packages spell it, and the factor to Jy/beam."""

from __future__ import annotations

import re

from deepfocus.core.errors import DeepFocusError

FACTORS = {"": 1.0, "m": 1e-3, "u": 1e-6, "μ": 1e-6, "µ": 1e-6, "k": 1e3}
SPELLING = re.compile(r"^(?P<prefix>\S?)Jy(?:/| *\.?)(?:beam|bm)(?:(?:\^|\*\*)?\(?-1\)?)?$")

TURNED = re.compile(r"^beam(?:\^|\*\*)?\(?-1\)? (\S?Jy)$")
"""As astropy writes it, its units in the order of the alphabet."""


def factor_to_jy_beam(bunit: str | None, name: str) -> tuple[float, tuple[str, ...]]:
    """What to multiply values by, and notes.

    A missing unit is taken for Jy/beam, with a note. Raises `DeepFocusError` for anything
    that is not a flux density a beam.
    """
    text = " ".join(str(bunit or "").split())
    if not text:
        return 1.0, ("no BUNIT: read as Jy/beam",)
    shouted = text == text.upper()
    # capitals only (AIPS, Miriad): M stands for milli, nobody images at mega-jansky
    plain = re.sub("JY", "Jy", text, flags=re.IGNORECASE)
    plain = re.sub("BEAM", "beam", plain, flags=re.IGNORECASE)
    plain = TURNED.sub(r"\1 beam-1", plain)
    found = SPELLING.match(plain)
    prefix = found["prefix"] if found else None
    if prefix is not None and shouted:
        prefix = prefix.lower()
    # 'Jy beam' without an exponent and 'Jybeam' are no spelling of a quotient
    if prefix in FACTORS and ("/" in plain or "-1" in plain):
        note = ("BUNIT MJY/BEAM read as mJy/beam",) if shouted and prefix == "m" else ()
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
