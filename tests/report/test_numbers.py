"""A number in short notation says what the number and its uncertainty are, and no more digits."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.report.numbers import declination, error_in, right_ascension, with_error

SHORT = re.compile(r"(-?\d+(?:\.(\d+))?)\((\d+)\)(?:e(-?\d+))?")
LONG = re.compile(r"(\S+) \+/- (\S+)")
values = st.floats(-1e12, 1e12, allow_nan=False)
errors = st.floats(1e-12, 1e12)


def read(text: str) -> tuple[float, float]:
    """Value and uncertainty."""
    short = SHORT.fullmatch(text)
    if short is None:
        value, error = LONG.fullmatch(text).groups()  # type: ignore[union-attr]
        return float(value), float(error)
    number, digits, error, power = short.groups()
    factor = 10.0 ** int(power or 0)
    return float(number) * factor, int(error) * 10.0 ** -len(digits or "") * factor


@given(values, errors)
def test_value_and_error_can_be_read_back(value: float, error: float) -> None:
    shown, shown_error = read(with_error(value, error))
    assert shown_error == pytest.approx(error, rel=0.15)
    assert abs(shown - value) <= 0.51 * error + 1e-9 * abs(value)


@given(values, errors)
def test_the_error_in_full_is_the_one_in_short(value: float, error: float) -> None:
    text = with_error(value, error)
    if SHORT.fullmatch(text):
        assert float(error_in(text)) == pytest.approx(read(text)[1])


def test_errors_of_angles_are_in_seconds() -> None:
    assert error_in(right_ascension(150.0, 1e-3)) == "0.24"
    assert error_in(declination(-20.0, 1e-3)) == "4"
    assert (error_in(with_error(1.0, np.nan)), error_in(with_error(np.nan, 1.0))) == ("", "")


@given(values, errors)
def test_no_digit_is_below_the_error(value: float, error: float) -> None:
    text = with_error(value, error)
    short = SHORT.fullmatch(text)
    assert len(text) < 42
    if short is not None and short[4] is None and error < 1:
        assert int(short[3]) < 100


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.2345, 0.0412, "1.23(4)"),
        (4.697, 0.1188, "4.70(12)"),
        (229.38827836, 2.46e-4, "229.38828(25)"),
        (1234.0, 56.0, "1230(60)"),
        (0.9996, 0.05, "1.00(5)"),
        (-0.001, 0.04, "0.00(4)"),
        (2.7e-19, 1e-20, "2.70(10)e-19"),
        (0.5, 9.96, "0(10)"),
        (3.14159, np.nan, "3.142"),
        (3.14159, 0.0, "3.142"),
        (3.14159, np.inf, "3.142"),
        (np.nan, 1.0, "-"),
        (0.0, np.nan, "0"),
    ],
)
def test_as_papers_print_it(value: float, error: float, text: str) -> None:
    assert with_error(value, error) == text


@given(st.floats(0, 359.999999), st.floats(1e-9, 1e-3))
def test_right_ascensions_can_be_read_back(angle: float, error: float) -> None:
    text = right_ascension(angle, error)
    hours, minutes, seconds = re.sub(r"\(\d+\)", "", text).split(":")
    assert int(hours) < 24
    assert int(minutes) < 60
    assert float(seconds) < 60
    degrees = 15 * (int(hours) + int(minutes) / 60 + float(seconds) / 3600)
    assert abs((degrees - angle + 180) % 360 - 180) <= 0.51 * error + 15 * 0.5 / 3600


@given(st.floats(-90, 90), st.floats(1e-9, 1e-4))
def test_declinations_can_be_read_back(angle: float, error: float) -> None:
    text = declination(angle, error)
    whole, minutes, seconds = re.sub(r"\(\d+\)", "", text).split(":")
    degrees = abs(int(whole)) + int(minutes) / 60 + float(seconds) / 3600
    signed = -degrees if whole.startswith("-") else degrees
    assert whole[0] in "+-"
    assert abs(signed - angle) <= 0.51 * error + 0.5 / 3600


@pytest.mark.parametrize(
    ("angle", "error", "text"),
    [
        (59.9999999, np.nan, "04:00:00.000"),
        (359.9999999, np.nan, "00:00:00.000"),
        (15.0, 1.0 / 240, "01:00:00.0(10)"),
        (np.nan, 1.0, "-"),
    ],
)
def test_seconds_never_reach_sixty(angle: float, error: float, text: str) -> None:
    assert right_ascension(angle, error) == text


def test_a_small_southern_declination_keeps_its_sign() -> None:
    assert declination(-0.5, np.nan) == "-00:30:00.00"
    assert declination(0.5, 0.02 / 3600) == "+00:30:00.000(20)"
