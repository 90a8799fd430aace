"""Images of one channel, whose spectral axis says little or is not there at all."""

from __future__ import annotations

from astropy.io import fits

from deepfocus.io.axis_numbers import number_in, step_of
from deepfocus.io.axis_spelling import axes_of, is_celestial, type_of


def is_one_plane(header: fits.Header) -> bool:
    """Whether all axes but those of the sky and STOKES have a length of 1."""
    return all(
        is_celestial(type_of(header, axis))
        or type_of(header, axis) == "STOKES"
        or header.get(f"NAXIS{axis}", 1) == 1
        for axis in axes_of(header)
    )


def add_channel(header: fits.Header) -> None:
    """Add an axis of one channel, in place: at a velocity of 0 of no known rest frequency."""
    axis = axes_of(header)[-1] + 1
    for key in ("RESTFRQ", "RESTFREQ", "RESTWAV"):
        header.remove(key, ignore_missing=True)  # of a line that need not be the image's
    header["NAXIS"] = axis
    if "WCSAXES" in header:
        header["WCSAXES"] = axis
    for stem, value in (
        ("NAXIS", 1), ("CTYPE", "VRAD"), ("CUNIT", "m/s"), ("CRVAL", 0.0), ("CRPIX", 1.0),
        ("CDELT", 1.0),
    ):  # fmt: skip
        header[f"{stem}{axis}"] = value
    if any(f"CD{i}_{j}" in header for i in (1, 2) for j in (1, 2)):
        header[f"CD{axis}_{axis}"] = 1.0


def count_axes(header: fits.Header) -> None:
    """Count the axes that a header names beyond those of its array, in place: their length is 1.

    wcslib's Python interface takes the spectral axis out of those that are counted alone.
    """
    last = axes_of(header)[-1]
    for axis in range(header["NAXIS"] + 1, last + 1):
        header[f"NAXIS{axis}"] = 1
    header["NAXIS"] = last


def tells_step(header: fits.Header, axis: int) -> bool:
    """Whether a header has the step of an axis of one channel; a step of 0, or none, becomes 1.

    axis : counted from 1. A step that is no number is left for `check_numbers` to refuse.
    """
    key = f"CDELT{axis}"
    if key in header and number_in(header[key]) is None:
        return not isinstance(header[key], fits.card.Undefined)
    if (key in header or f"CD{axis}_{axis}" in header) and step_of(header, axis) != 0:
        return True
    for matrix in (f"CD{axis}_{axis}", f"PC{axis}_{axis}"):
        if matrix in header:
            header[matrix] = 1.0
    header[key] = 1.0
    return False
