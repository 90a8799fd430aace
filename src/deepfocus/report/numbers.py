"""Numbers with their uncertainties, as papers print them: 1.23(4), and 04:12:07.31(2)."""

from __future__ import annotations

import math
import re

MOST_DIGITS, LEAST_EXPONENT, MOST_EXPONENT = 12, -5, 7
UNKNOWN_DIGITS = 4
"""Significant digits of a number whose uncertainty is not known."""
ONE_DIGIT_FROM = 35
"""Of the first two digits of an uncertainty: from there on one of them is enough."""
NOTHING = "-"
"""Stands for what is not known."""
WITH_ERROR = re.compile(r".*?(?:\.(\d+))?\((\d+)\)(e-?\d+)?")


def with_error(value: float, error: float) -> str:
    """1.23(4): the digits in parentheses are one standard deviation, in units of the last digits.

    An uncertainty has two digits up to 34 and one above, so that rounding it costs little.
    Without one, the number has four significant digits; an unknown number is '-'.
    """
    if not math.isfinite(value):
        return NOTHING
    if not (math.isfinite(error) and error > 0):
        return f"{value:.{UNKNOWN_DIGITS}g}"
    place = _last_place(error)
    top = max(_exponent(value), _exponent(error))
    if not (LEAST_EXPONENT < top < MOST_EXPONENT and top - place <= MOST_DIGITS):
        return _scientific(value, error, top, place)
    digits = max(-place, 0)
    shown = round(value, -place) + 0.0
    return f"{shown:.{digits}f}({_in_last_digits(error, min(place, 0), place)})"


def error_in(text: str) -> str:
    """The uncertainty of a number as it is written here, in full: 0.04 of 1.23(4); '' if none."""
    parts = WITH_ERROR.fullmatch(text)
    if parts is None:
        return ""
    digits = len(parts[1] or "")
    return f"{int(parts[2]) / 10**digits:.{digits}f}{parts[3] or ''}"


def right_ascension(angle_deg: float, error_deg: float) -> str:
    """A right ascension as hh:mm:ss.sss(e); 'e' counts in seconds of time."""
    return _sexagesimal(angle_deg % 360.0 / 15.0, error_deg / 15.0, digits=3, turn=24)


def declination(angle_deg: float, error_deg: float) -> str:
    """A declination as +dd:mm:ss.ss(e); 'e' counts in seconds of arc."""
    sign = "-" if angle_deg < 0 else "+"
    angle = _sexagesimal(abs(angle_deg), error_deg, digits=2, turn=360)
    return angle if angle == NOTHING else sign + angle


def _sexagesimal(value: float, error: float, *, digits: int, turn: int) -> str:
    """digits : of the seconds, where no error gives them; turn : at which it begins again"""
    if not math.isfinite(value):
        return NOTHING
    seconds_error, told = 3600.0 * error, ""
    if math.isfinite(seconds_error) and seconds_error > 0:
        place = min(max(_last_place(seconds_error), -9), 0)
        told, digits = f"({_in_last_digits(seconds_error, place, place)})", -place
    # whole units of the last place: 59.9996 must not become 60.000 seconds
    units = round(value * 3600 * 10**digits) % (turn * 3600 * 10**digits)
    minutes, units = divmod(units, 60 * 10**digits)
    whole, minutes = divmod(minutes, 60)
    seconds, rest = divmod(units, 10**digits)
    fraction = f".{rest:0{digits}d}" if digits else ""
    return f"{whole:02d}:{minutes:02d}:{seconds:02d}{fraction}{told}"


def _scientific(value: float, error: float, top: int, place: int) -> str:
    digits = max(top - place, 0)
    if digits > MOST_DIGITS:
        return f"{value:.{MOST_DIGITS}e} +/- {error:.1e}"
    mantissa = round(value / 10.0**top, digits) + 0.0
    return f"{mantissa:.{digits}f}({_in_last_digits(error, place, place)})e{top}"


def _in_last_digits(error: float, unit: int, place: int) -> int:
    """The error rounded at 10**place, in units of 10**unit."""
    return round(error / 10.0**place) * int(10 ** (place - unit))


def _last_place(error: float) -> int:
    """Power of ten of the last digit that an uncertainty has."""
    exponent = _exponent(error)
    leading = error / 10.0**exponent
    return exponent - 1 if round(10 * leading) < ONE_DIGIT_FROM else exponent


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value else -400
