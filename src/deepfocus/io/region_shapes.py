"""What is drawn of each row of a catalogue in a region file: an ellipse of its FWHM, or a point."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from astropy.table import Row

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import C_KMS


@dataclass(frozen=True)
class Shape:
    """A source, on the sky (ICRS, deg; sizes in arcsec) or in the image (px, from 0).

    axes : semi-axes, the longer first, of half the deconvolved FWHM; None for a point
    pa : of the longer, deg from north or +y, through east or towards -x
    band_hz : first and last frequency of its line, in rising order, or None
    """

    number: int
    accepted: bool
    on_sky: bool
    position: tuple[float, float]
    axes: tuple[float, float] | None
    pa: float
    band_hz: tuple[float, float] | None


def shapes_of(found: Catalogue) -> Iterator[Shape]:
    """One for each source that is anywhere: without a sky position, it is drawn at its pixel.

    A source without a size is a point.
    """
    for row in found.rows:
        if _known(row, "ra", "dec"):
            yield _shape(row, on_sky=True, place=("ra", "dec"), sizes=("fwhm_x", "fwhm_y"))
        elif _known(row, "x", "y"):
            yield _shape(row, on_sky=False, place=("x", "y"), sizes=("fwhm_x_px", "fwhm_y_px"))


def _shape(row: Row, *, on_sky: bool, place: tuple[str, str], sizes: tuple[str, str]) -> Shape:
    minor, major = sorted(float(row[name]) / 2 for name in sizes)
    sized = _known(row, *sizes, "pa") and minor > 0
    return Shape(
        number=int(row["id"]),
        accepted=bool(row["flag"] == 0),
        on_sky=on_sky,
        position=(float(row[place[0]]), float(row[place[1]])),
        axes=(major, minor) if sized else None,
        pa=float(row["pa"]) if sized else 0.0,
        band_hz=_band(row),
    )


def _band(row: Row) -> tuple[float, float] | None:
    """By the line's width: one FWHM on either side of its frequency."""
    if not _known(row, "frequency", "line_fwhm"):
        return None
    frequency = float(row["frequency"])
    half = frequency * float(row["line_fwhm"]) / C_KMS
    return frequency - half, frequency + half


def _known(row: Row, *names: str) -> bool:
    return all(np.isfinite(row[name]) for name in names)
