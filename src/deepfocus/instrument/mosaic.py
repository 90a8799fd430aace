"""Mosaics: where the dishes point, one pointing after the other, in the course of each track."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError

MOST_RINGS, MOST_POINTINGS = 100, 30_000
"""Which are more than any array has observed; beyond, a slip of the pen takes for ever."""


@dataclass(frozen=True)
class Hexagonal:
    """Pointings on a hexagonal grid: one in the middle and rings of 6, 12, 18, ... around it.

    rings : 1 for 7 pointings, 2 for 19
    spacing : of neighbours; lambda / (D sqrt 3) at mid band if not given (Nyquist, as ALMA's
        Observing Tool has it: 0.51 of the primary beam's FWHM)
    """

    kind: ClassVar[str] = "hexagonal"

    rings: int = 1
    spacing: u.Quantity | None = None

    def __post_init__(self) -> None:
        _check_spacing(self.spacing)
        if not 0 <= self.rings <= MOST_RINGS:
            raise DeepFocusError(
                f"rings = {self.rings}",
                wanted=f"0 to {MOST_RINGS}",
                remedy="correct [observation.mosaic]",
            )

    def offsets_arcsec(self, resolution_arcsec: float) -> np.ndarray:
        """(pointing, 2) east and north of the centre; resolution : lambda / D of the dishes."""
        step = _arcsec(self.spacing, resolution_arcsec / np.sqrt(3))
        places = [
            (column + row / 2, row * np.sqrt(3) / 2)
            for row in range(-self.rings, self.rings + 1)
            for column in range(-self.rings, self.rings + 1)
            if abs(row + column) <= self.rings
        ]
        return step * np.array(places)


@dataclass(frozen=True)
class Rectangular:
    """Pointings on a rectangular grid about the centre.

    columns, rows : along right ascension and declination
    spacing : of neighbours; lambda / (2 D) at mid band if not given (Nyquist)
    """

    kind: ClassVar[str] = "rectangular"

    columns: int = 2
    rows: int = 2
    spacing: u.Quantity | None = None

    def __post_init__(self) -> None:
        _check_spacing(self.spacing)
        if min(self.columns, self.rows) < 1 or self.columns * self.rows > MOST_POINTINGS:
            raise DeepFocusError(
                f"{self.columns} columns and {self.rows} rows of pointings",
                wanted=f"1 or more of each, and no more than {MOST_POINTINGS} pointings",
                remedy="correct [observation.mosaic]",
            )

    def offsets_arcsec(self, resolution_arcsec: float) -> np.ndarray:
        """(pointing, 2) east and north of the centre; resolution : lambda / D of the dishes."""
        step = _arcsec(self.spacing, resolution_arcsec / 2)
        east, north = (np.arange(n) - (n - 1) / 2 for n in (self.columns, self.rows))
        places: np.ndarray = step * np.stack(np.meshgrid(east, north), axis=-1).reshape(-1, 2)
        return places


@dataclass(frozen=True)
class Listed:
    """Pointings of one's own; offsets : east and north of the observation's ra and dec."""

    kind: ClassVar[str] = "listed"

    offsets: tuple[tuple[u.Quantity, u.Quantity], ...] = ((0 * u.arcsec, 0 * u.arcsec),)

    def __post_init__(self) -> None:
        angles = [angle for pair in self.offsets for angle in pair]
        if not angles or not all(
            angle.isscalar and angle.unit.is_equivalent(u.arcsec) for angle in angles
        ):
            raise DeepFocusError(
                "offsets of a mosaic that are not angles",
                wanted="one or more pairs of angles, east and north",
                remedy="write them as [['-10 arcsec', '0 arcsec'], ['10 arcsec', '0 arcsec']]",
            )

    def offsets_arcsec(self, resolution_arcsec: float) -> np.ndarray:
        """(pointing, 2) east and north of the centre."""
        return np.array([[angle.to_value(u.arcsec) for angle in pair] for pair in self.offsets])


Mosaic = Hexagonal | Rectangular | Listed
"""The kinds of mosaic that a settings file can name."""


def _check_spacing(spacing: u.Quantity | None) -> None:
    if spacing is None:
        return
    if not (spacing.isscalar and spacing.unit.is_equivalent(u.arcsec) and spacing > 0):
        raise DeepFocusError(
            f"spacing = {spacing}", wanted="a positive angle", remedy="write it as '13 arcsec'"
        )


def _arcsec(angle: u.Quantity | None, otherwise: float) -> float:
    return otherwise if angle is None else float(angle.to_value(u.arcsec))
