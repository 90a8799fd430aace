"""Antenna positions: the shipped ALMA and ACA configurations, and the user's own files.

The shipped files are CASA's `.cfg` tables: local tangent plane (east, north, up) in metres
about the reference position of the observatory named in the file. That is ALMA's, or the ACA's
550 m south of it. C-1 to C-10 are the same in ALMA cycles 9 to 12.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import erfa
import numpy as np

from deepfocus.core.errors import DeepFocusError

ALMA_LONGITUDE_RAD = -1.1825465955
ALMA_LATITUDE_RAD = -0.4018251641
ALMA_HEIGHT_M = 5056.8
ACA_LONGITUDE_RAD = -1.1825456820
ACA_LATITUDE_RAD = -0.4019112045
"""Reference positions from CASA's observatory table, WGS84; both have the same height."""

SHIPPED = {f"C-{i}": f"alma.cycle9.{i}.cfg" for i in range(1, 11)} | {"ACA": "aca.cycle9.cfg"}


@dataclass(frozen=True, eq=False)
class Antennas:
    """An array configuration.

    name : 'C-3', 'ACA', or the file's name
    enu_m : (antenna, 3) east, north, up about the array's reference position, metres
    diameter_m : (antenna,) dish diameters, metres
    longitude_rad, latitude_rad : WGS84 reference position
    """

    name: str
    enu_m: np.ndarray
    diameter_m: np.ndarray
    longitude_rad: float = ALMA_LONGITUDE_RAD
    latitude_rad: float = ALMA_LATITUDE_RAD

    def __len__(self) -> int:
        return len(self.enu_m)

    @property
    def itrf_m(self) -> np.ndarray:
        """(antenna, 3) geocentric positions, metres."""
        lon, lat = self.longitude_rad, self.latitude_rad
        east = [-np.sin(lon), np.cos(lon), 0.0]
        north = [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)]
        up = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
        centre = np.array(erfa.gd2gc(1, lon, lat, ALMA_HEIGHT_M))
        geocentric: np.ndarray = centre + self.enu_m @ np.array([east, north, up])
        return geocentric

    @property
    def baselines(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices (antenna1, antenna2) of all pairs, antenna1 < antenna2."""
        return np.triu_indices(len(self), k=1)

    def without(self, flagged: tuple[int, ...]) -> np.ndarray:
        """(baseline,) whether neither antenna of each pair is among those numbers."""
        good = ~np.isin(np.arange(len(self)), flagged)
        first, second = self.baselines
        kept: np.ndarray = good[first] & good[second]
        return kept


def antennas(configuration: str) -> Antennas:
    """A shipped configuration by name ('C-1' to 'C-10', 'ACA'), or a `.cfg` file by path.

    Raises `DeepFocusError` for an unknown name or a file that is not an antenna table.
    """
    if configuration in SHIPPED:
        text = resources.files(__package__).joinpath("data", SHIPPED[configuration]).read_text()
        return _parse(text, name=configuration)
    path = Path(configuration)
    if path.suffix != ".cfg" or not path.is_file():
        raise DeepFocusError(
            f"unknown array configuration '{configuration}'",
            wanted=f"one of {', '.join(SHIPPED)}, or an antenna file *.cfg",
            remedy="check the name or the path",
        )
    return _parse(path.read_text(encoding="utf-8"), name=path.stem)


def _parse(text: str, *, name: str) -> Antennas:
    rows = [line.split() for line in text.splitlines() if line.strip() and line[0] != "#"]
    try:
        table = np.array([[float(cell) for cell in row[:4]] for row in rows])
        if table.ndim != 2 or table.shape[1] != 4 or len(table) < 2:
            raise ValueError("fewer than two antennas")
    except ValueError as error:
        raise DeepFocusError(
            f"antenna file of '{name}' cannot be read: {error}",
            wanted="rows of east, north, up (m), diameter (m), pad name",
            remedy="give a local tangent plane (LOC) table as CASA's simobserve takes",
        ) from error
    observatory = re.search(r"^#\s*observatory\s*=\s*(\w+)", text, re.MULTILINE)
    reference = {}
    if observatory and observatory[1].upper() == "ACA":
        reference = {"longitude_rad": ACA_LONGITUDE_RAD, "latitude_rad": ACA_LATITUDE_RAD}
    return Antennas(name=name, enu_m=table[:, :3], diameter_m=table[:, 3], **reference)
