"""The numbers of the axes: that they are there, and that they are numbers.

Without this, wcslib takes a value of its own for each: channels of 1 Hz, or declination 0.
"""

from __future__ import annotations

import math
import re

from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.axis_spelling import axes_of, is_celestial, is_spectral, type_of

NUMERIC = re.compile(
    r"(CRVAL|CRPIX|CDELT|CROTA)\d+|(CD|PC|PV)\d+_\d+|(CD|PC)\d{6}"
    r"|EQUINOX|EPOCH|LONPOLE|LATPOLE|VELREF"
)

MOST_AXES = 99
"""FITS's names of keys have room for so many; wcslib would take hours over a million."""


def leave_out_degenerate(header: fits.Header) -> tuple[int, ...]:
    """Make the axes that are neither sky nor spectrum plain, in place; return them, from 1.

    Of two spectral axes, one of length 1 counts as such too. What their keys say, even a step of
    0, then does not matter. Keys of a STOKES axis are read before.
    """
    spectral = [axis for axis in axes_of(header) if is_spectral(type_of(header, axis))]
    wide = [axis for axis in spectral if header.get(f"NAXIS{axis}", 1) > 1]
    plain = tuple(
        axis
        for axis in axes_of(header)
        if not is_celestial(type_of(header, axis))
        and (axis not in spectral or (len(wide) == 1 and axis != wide[0]))
    )
    matrix = [key for key in header if re.fullmatch(r"(CD|PC)(\d+_\d+|\d{6})", key)]
    for key in matrix:
        if set(_row_and_column(key)) & set(plain):
            del header[key]
    for axis in plain:
        for stem in ("CTYPE", "CUNIT", "CRVAL", "CRPIX", "CDELT", "CROTA"):
            header.remove(f"{stem}{axis}", ignore_missing=True)
        header[f"CDELT{axis}"] = 1.0
        if any(key.startswith("CD") for key in matrix):
            header[f"CD{axis}_{axis}"] = 1.0
    return plain


def check_numbers(header: fits.Header, name: str, notes: list[str]) -> None:
    """Check the keys of sky and spectral axes, in place: a number written as text becomes one.

    Raises `DeepFocusError`, which names the key, for one that is missing, no number, or a step
    of 0. A matrix CDi_j or PCi_j counts as a step. CRPIX may be missing: FITS says that it is 0.
    """
    many = header.get("WCSAXES")
    if isinstance(many, int | float) and many > MOST_AXES:
        raise DeepFocusError(
            f"{name} has WCSAXES = {many}",
            wanted=f"at most {MOST_AXES} axes",
            remedy="correct WCSAXES in the header",
        )
    for key in [each for each in header if NUMERIC.fullmatch(each)]:
        value = header[key]
        if isinstance(value, fits.card.Undefined):
            del header[key]
        elif (number := number_in(value)) is None:
            raise DeepFocusError(
                f"{name} has {key} = {value!r}",
                wanted="a number",
                remedy=f"correct {key} in the header",
            )
        elif isinstance(value, str):
            header[key] = number
            notes.append(f"{key} is text, {value!r}: read as a number")
    for axis in axes_of(header):
        ctype = type_of(header, axis)
        if (is_celestial(ctype) or is_spectral(ctype)) and not ctype.endswith("-TAB"):
            _check_axis(header, axis, ctype, name, notes)


def _check_axis(header: fits.Header, axis: int, ctype: str, name: str, notes: list[str]) -> None:
    by_matrix = _row(header, axis)
    for key, needed in ((f"CRVAL{axis}", True), (f"CDELT{axis}", not by_matrix)):
        if needed and key not in header:
            raise DeepFocusError(
                f"{name} has no {key}, so its axis {ctype} cannot be read",
                wanted="CRVAL and CDELT, or a matrix CDi_j, of each sky and spectral axis",
                remedy=f"add {key} to the header",
            )
    if step_of(header, axis) == 0 and not any(by_matrix.values()):
        raise DeepFocusError(
            f"{name} has CDELT{axis} = 0, so all pixels of its axis {ctype} are in one place",
            wanted="a step that is not 0",
            remedy=f"correct CDELT{axis} in the header",
        )
    if f"CRPIX{axis}" not in header:
        notes.append(f"no CRPIX{axis}: read as 0, which is FITS's default")


def step_of(header: fits.Header, axis: int) -> float:
    """Step of an axis per pixel, in its own unit; without the axes that a matrix may mix in."""
    row = _row(header, axis)
    cd = [value for (kind, column), value in row.items() if kind == "CD" and column == axis]
    if any(kind == "CD" for kind, _ in row):
        return cd[0] if cd else 0.0
    pc = [value for (kind, column), value in row.items() if kind == "PC" and column == axis]
    return float(header.get(f"CDELT{axis}", 1.0)) * (pc[0] if pc else 1.0)


def number_in(value: object) -> float | None:
    """A number, or one written as text, also with Fortran's D; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value.strip().upper().replace("D", "E") if isinstance(value, str) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _row(header: fits.Header, axis: int) -> dict[tuple[str, int], float]:
    """(CD or PC, column) -> value of an axis's row of the matrix."""
    return {
        (key[:2], _row_and_column(key)[1]): number
        for key in header
        if re.fullmatch(r"(CD|PC)(\d+_\d+|\d{6})", key) and _row_and_column(key)[0] == axis
        # of a STOKES axis, whose keys are not checked, one may be text
        if (number := number_in(header[key])) is not None
    }


def _row_and_column(key: str) -> tuple[int, int]:
    row, _, column = key[2:].partition("_")
    return (int(row), int(column)) if column else (int(row[:3]), int(row[3:]))
