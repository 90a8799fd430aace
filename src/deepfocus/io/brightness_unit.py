"""The unit of a cube, and what converts its values to Jy/beam.

astropy reads what the FITS standard and it itself write. Before that, this module corrects what
radio packages write: capitals, JANSKY, BEAM, BM, PIXEL, KELVIN.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass

import numpy as np
from astropy import units as u
from astropy.constants import c, k_B

from deepfocus.core.errors import DeepFocusError

WANTED = "Jy/beam, or K, MJy/sr or Jy/pixel with a beam"

JANSKY = re.compile(r"^(milli|micro|nano|kilo|[mMuUnNkKμµ]?)(?:jy|jansky|janskys|janskies)$", re.I)
KELVIN = re.compile(r"^(milli|micro|[mMuUμµ]?)(?:k|kelvin|kelvins)$", re.I)
WORD = re.compile(r"[A-Za-zμµ]+2?")
RUN_TOGETHER = re.compile(r"(jy)(beam|bm)(?=[-^*(])", re.I)
LETTERS = {"milli": "m", "micro": "u", "nano": "n", "kilo": "k", "μ": "u", "µ": "u"}
PLAIN = {
    **dict.fromkeys(("beam", "beams", "bm"), "beam"),
    **dict.fromkeys(("pixel", "pixels", "pix", "px"), "pix"),
    **dict.fromkeys(("sr", "ster", "steradian"), "sr"),
    **dict.fromkeys(("arcsec", "arcsecond", "arcseconds"), "arcsec"),
    **dict.fromkeys(("arcsec2", "sqarcsec"), "arcsec2"),
}

BEAM = u.Jy / u.beam
SOLID_ANGLE = u.Jy / u.sr
PIXEL = u.Jy / u.pix


@dataclass(frozen=True)
class Brightness:
    """What a unit measures, and how many of the base unit it is.

    base : Jy/beam, Jy/sr, Jy/pix or K; scale : of that; text : as the header says it
    """

    base: u.UnitBase
    scale: float
    text: str
    notes: tuple[str, ...] = ()


def brightness_of(bunit: object) -> Brightness | None:
    """What a unit measures; a missing one counts as Jy/beam, with a note.

    None for whatever is no flux density per beam, solid angle or pixel, and no temperature.
    """
    text = text_of(bunit)
    if not text:
        return Brightness(BEAM, 1.0, "", ("no BUNIT: read as Jy/beam",))
    plain = _plain(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of spellings that astropy corrects
            unit = u.Unit(plain)
    except (ValueError, TypeError):
        return None
    for base in (BEAM, SOLID_ANGLE, PIXEL, u.K):
        if unit.is_equivalent(base):
            scale = float(unit.to(base))
            break
    else:
        return None
    # nobody images in MJy/beam: whoever wrote it may have meant mJy/beam, a billion times less
    if base is BEAM and "MJy" in plain:
        return None
    capital = text == text.upper() and text[0] == "M"
    notes = (f"BUNIT {text} read as {plain}",) if capital else ()
    return Brightness(base, scale, text, notes)


def text_of(bunit: object) -> str:
    """The unit as the header says it, without superfluous blanks and quotes."""
    return " ".join(str("" if bunit is None else bunit).split()).strip("'\"[] ")


def factors_to_jy_beam(
    bunit: object,
    name: str,
    *,
    freq_hz: np.ndarray,
    beam_sr: np.ndarray | None,
    pixel_sr: float,
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(chan,) factors that convert values to Jy/beam, and notes.

    name : what messages call the cube
    freq_hz : (chan,); beam_sr : (chan,) solid angle of the beam, None if unknown

    K are brightness temperatures in the Rayleigh-Jeans limit, S = 2 k T nu^2 / c^2 * beam. Raises
    `DeepFocusError` for a unit that is no brightness, or that needs a beam where there is none.
    """
    brightness = brightness_of(bunit)
    if brightness is None:
        raise _no_brightness(text_of(bunit), name)
    if brightness.base is BEAM:
        return np.full(len(freq_hz), brightness.scale), brightness.notes
    text = brightness.text
    if beam_sr is None:
        raise DeepFocusError(
            f"{name} is in {text}, and its beam is unknown",
            wanted="a beam, to convert the values to Jy/beam",
            remedy="add BMAJ, BMIN (deg) and BPA (deg) to the header",
        )
    if brightness.base is u.K:
        jy_sr = 2e26 * k_B.si.value * np.square(freq_hz / c.si.value)  # Rayleigh-Jeans, of 1 K
        how = "the beam and each channel's frequency (Rayleigh-Jeans)"
    elif brightness.base is SOLID_ANGLE:
        jy_sr, how = np.ones(len(freq_hz)), "the solid angle of the beam"
    else:
        jy_sr = np.full(len(freq_hz), 1.0 / pixel_sr)
        area = float(np.median(beam_sr)) / pixel_sr
        how = f"the beam's {area:.3g} pixels: taken to have been convolved with it"
    note = f"BUNIT {text}: converted to Jy/beam with {how}"
    return brightness.scale * jy_sr * beam_sr, (*brightness.notes, note)


def _plain(text: str) -> str:
    """The unit with each word as astropy spells it."""
    capitals = text == text.upper()
    text = text.replace("−", "-").replace("{", "(").replace("}", ")")
    text = re.sub(r"^K ?\((?:Tb|Tmb)\)$", "K", text, flags=re.I)
    text = RUN_TOGETHER.sub(r"\1 \2", text)
    # 'Jy/beam-1' divides twice
    text = re.sub(r"/ ?(beam|bm)(\^|\*\*)?\(?-1\)?$", r"/\1", text, flags=re.I)
    words = [PLAIN.get(word.lower(), word) for word in WORD.findall(text)]
    # in capitals (AIPS, Miriad), M means milli; but nobody images in mJy/sr
    milli = capitals and "sr" not in words
    return WORD.sub(lambda found: _word(found[0], milli=milli), text)


def _word(said: str, *, milli: bool) -> str:
    """One word as astropy spells it; milli : whether the prefix M means that."""
    if said.lower() in PLAIN:
        return PLAIN[said.lower()]
    for pattern, symbol in ((JANSKY, "Jy"), (KELVIN, "K")):
        matched = pattern.match(said)
        if matched and said != "k":
            prefix = matched[1].lower()
            if matched[1] == "M" and not milli:
                return "M" + symbol
            return LETTERS.get(prefix, prefix) + symbol
    return said


def _no_brightness(text: str, name: str) -> DeepFocusError:
    moment = re.search(r"m ?/ ?s|m\.? ?s-1|m s\^|m s\*\*", text, flags=re.I)
    return DeepFocusError(
        f"{name} is in {text}",
        wanted=WANTED,
        remedy="give the cube, not its moment map"
        if moment
        else "set BUNIT, or convert the image to Jy/beam",
    )
