"""Units of spectral axes and rest frequencies that the header does not tell.

FITS says that they are Hz, m/s and m. Many files mean GHz, MHz or km/s all the same. What follows
decides by what an interferometer can have observed, and raises an error where that does not decide:

- A frequency lies between 10 MHz and 1 THz. If it does in Hz, it is in Hz. Of several other units,
  the one counts at which a line of the rest frequency has 0.5 < 1 + z < 20; else the one with
  channels from 1 kHz to 1 GHz. Wavelengths are decided by their frequencies, but a metre has no
  precedence there: 1.3 may be metres or millimetres.
- Channels of velocity are 0.005 to 1000 km/s wide and, if the rest frequency is known, 1 kHz or
  more; all of them cover 1 km/s or more; none recedes faster than light, or than z = 10 if optical.
  If that fits both m/s and km/s, it is m/s where ORIGIN is a program that writes m/s.
- A rest frequency from 3e8 on is in Hz. A smaller one has the unit with 0.5 < 1 + z < 20 in the
  band. If none has: 0.3 to 1000 are GHz; 1000 to 1e6 are MHz, but not near a far-infrared
  fine-structure line, where they may be GHz.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.axis_numbers import number_in, step_of
from deepfocus.io.axis_spelling import type_of

C_MS = 299792458.0
OBSERVED_HZ = (1e7, 1e12)
CHANNEL_HZ = (1e3, 1e9)
CHANNEL_KMS = (0.005, 1000.0)
LEAST_BAND_KMS = 1.0
FASTEST_KMS = {"VOPT": 10 * C_MS / 1e3}
REDSHIFTED = (0.5, 20.0)
"""1 + z of a line in its cube; less than 1 for what approaches."""

LEAST_REST_HZ = 3e8

IN_HZ = {"Hz": 1.0, "kHz": 1e3, "MHz": 1e6, "GHz": 1e9}
IN_M = {"m": 1.0, "mm": 1e-3, "um": 1e-6}
FINE_STRUCTURE_GHZ = (1461.13, 1900.54, 2060.07, 2459.38, 3393.01, 4744.78)
"""[N II] 205, [C II] 158, [O I] 145, [N II] 122, [O III] 88, [O I] 63 micrometres."""
WRITES_MS = r"aips|miriad|gildas|\bclass\b|casa|karma|gipsy"


def settle_rest(
    header: fits.Header, axis: int, n: int, given_hz: float | None, name: str, notes: list[str]
) -> float | None:
    """Put RESTFRQ in Hz, in place, and return it; None if the header has none.

    axis, n : the spectral axis, counted from 1, and its number of channels
    given_hz : replaces the header's

    Raises `DeepFocusError` if it is no number, or a velocity axis needs it and its unit cannot be
    told.
    """
    key = next((each for each in ("RESTFRQ", "RESTFREQ") if each in header), None)
    value = header.get(key) if key else None
    for each in ("RESTFRQ", "RESTFREQ", *(("RESTWAV",) if given_hz is not None else ())):
        header.remove(each, ignore_missing=True)
    if given_hz is None and key is not None:
        given_hz = _rest_in(key, value, _middle_hz(header, axis, n), name, notes)
        if given_hz is None and type_of(header, axis)[:4] in ("VRAD", "VOPT", "VELO", "ZOPT"):
            if number_in(value) == 0 or isinstance(value, fits.card.Undefined):
                return None
            raise DeepFocusError(
                f"{name} has {key} = {value}, which is no rest frequency in Hz, MHz or GHz",
                wanted=f"{key} in Hz",
                remedy=f"correct {key}, or give --rest-frequency",
            )
    if given_hz is not None:
        header["RESTFRQ"] = given_hz
    return given_hz


def settle_unit(
    header: fits.Header, axis: int, n: int, rest_hz: float | None, name: str, notes: list[str]
) -> None:
    """Put CUNIT of a spectral axis without one, in place; `notes` say so unless it is FITS's own.

    Raises `DeepFocusError` if the unit cannot be told.
    """
    ctype = type_of(header, axis)
    if str(header.get(f"CUNIT{axis}") or "").strip() or ctype.endswith("-TAB"):
        return
    values = _values(header, axis, n)
    if ctype[:4] == "FREQ":
        likely = _by_frequency(values, IN_HZ, lambda value: value, rest_hz)
        default = "Hz"
    elif ctype[:4] == "WAVE":
        likely = _by_frequency(values, IN_M, lambda value: C_MS / value, rest_hz)
        default = "m"
    elif ctype[:4] in ("VRAD", "VOPT", "VELO"):
        likely = _by_velocity(values, ctype[:4], rest_hz, str(header.get("ORIGIN", "")))
        default = "m/s"
    else:
        return
    if len(likely) != 1:
        found = " or ".join(likely) or "no unit of a radio telescope"
        raise DeepFocusError(
            f"{name} has no CUNIT{axis}, and its axis {ctype} from {values[0]:g} to "
            f"{values[-1]:g} in steps of {step_of(header, axis):g} fits {found}",
            wanted="one unit",
            remedy=f"add CUNIT{axis} to the header",
        )
    header[f"CUNIT{axis}"] = likely[0]
    if likely[0] != default:
        span = f"{values[0]:g} to {values[-1]:g}"
        notes.append(f"no CUNIT{axis}: the axis {ctype}, {span}, read in {likely[0]}")


def _values(header: fits.Header, axis: int, n: int) -> np.ndarray:
    """(chan,) values of a linear axis, in the header's unit."""
    pixel = np.arange(1, n + 1) - float(header.get(f"CRPIX{axis}", 0.0))
    values: np.ndarray = float(header[f"CRVAL{axis}"]) + step_of(header, axis) * pixel
    return values


def _middle_hz(header: fits.Header, axis: int, n: int) -> float | None:
    """Middle frequency of a FREQ axis whose unit the header tells, or that is in Hz; else None."""
    ctype = type_of(header, axis)
    if ctype[:4] != "FREQ" or ctype.endswith("-TAB"):
        return None
    unit = str(header.get(f"CUNIT{axis}") or "").strip()
    middle = float(_values(header, axis, n).mean()) * IN_HZ.get(unit, 1.0)
    return middle if unit or OBSERVED_HZ[0] <= middle <= OBSERVED_HZ[1] else None


def _by_frequency(
    values: np.ndarray,
    units: Mapping[str, float],
    to_hz: Callable[[np.ndarray], np.ndarray],
    rest_hz: float | None,
) -> list[str]:
    """The units in which an axis of frequency or wavelength may be; one if that is decided."""
    if np.any(values <= 0):
        return []
    hz = {unit: to_hz(values * factor) for unit, factor in units.items()}
    likely = [unit for unit in hz if _within(hz[unit], OBSERVED_HZ)]
    if "Hz" in likely:
        return ["Hz"]
    if rest_hz is not None and len(likely) > 1:
        near = [unit for unit in likely if _within(rest_hz / hz[unit].mean(), REDSHIFTED)]
        likely = near or likely
    if len(likely) > 1 and len(values) > 1:
        wide = [unit for unit in likely if _within(np.abs(np.diff(hz[unit])), CHANNEL_HZ)]
        likely = wide or likely
    return likely


def _by_velocity(values: np.ndarray, kind: str, rest_hz: float | None, origin: str) -> list[str]:
    """The units in which a velocity axis may be; one if that is decided."""
    likely = []
    for unit, kms in (("m/s", values / 1e3), ("km/s", values)):
        step = abs(kms[-1] - kms[0]) / max(len(kms) - 1, 1)
        channel_hz = step * 1e3 / C_MS * rest_hz if rest_hz is not None else CHANNEL_HZ[0]
        if (
            _within(step, CHANNEL_KMS)
            and step * len(kms) >= LEAST_BAND_KMS
            and channel_hz >= CHANNEL_HZ[0]
            and np.abs(kms).max() < FASTEST_KMS.get(kind, C_MS / 1e3)
        ):
            likely.append(unit)
    if len(likely) > 1 and re.search(WRITES_MS, origin.lower()):
        return ["m/s"]
    return likely


def _rest_in(
    key: str, value: object, band_hz: float | None, name: str, notes: list[str]
) -> float | None:
    """A rest frequency in Hz; None if it is not positive or its unit cannot be told."""
    if isinstance(value, fits.card.Undefined):
        return None
    number = number_in(value)
    if number is None:
        number = _with_its_unit(value)
        if number is None:
            raise DeepFocusError(
                f"{name} has {key} = {value!r}",
                wanted="a number in Hz",
                remedy=f"correct {key} in the header, or give --rest-frequency",
            )
        notes.append(f"{key} is text, {value!r}: read as {number:.10g} Hz")
        return number
    if isinstance(value, str):
        notes.append(f"{key} is text, {value!r}: read as a number")
    unit = _unit_of_rest(number, band_hz)
    if unit is None:
        if number > 0:
            notes.append(f"{key} = {number:g} is no rest frequency in Hz, MHz or GHz: left out")
        return None
    if unit != "Hz":
        notes.append(f"{key} = {number:.10g} read in {unit}")
    return number * IN_HZ[unit]


def _unit_of_rest(number: float, band_hz: float | None) -> str | None:
    if number <= 0:
        return None
    if number >= LEAST_REST_HZ:  # far from the band, it is left over from another set-up
        return "Hz"
    if band_hz is not None:
        for unit, factor in IN_HZ.items():
            if _within(number * factor / band_hz, REDSHIFTED):
                return unit
    if 0.3 <= number < 1e3:
        return "GHz"
    doubtful = any(abs(number / line - 1) < 1e-3 for line in FINE_STRUCTURE_GHZ)
    return "MHz" if 1e3 <= number < 1e6 and not doubtful else None


def _with_its_unit(value: object) -> float | None:
    """Hz in text such as '230.538 GHz'; None for other text."""
    try:
        hz = float(u.Quantity(str(value)).to_value(u.Hz))
    except (TypeError, ValueError, u.UnitConversionError):
        return None
    return hz if np.isfinite(hz) and hz > 0 else None


def _within(values: np.ndarray | float, limits: tuple[float, float]) -> bool:
    return bool(np.all((limits[0] <= values) & (values <= limits[1])))
