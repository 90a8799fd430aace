"""The structure of a measurement set: fields, spectral windows, antennas, columns, row counts.

Needs python-casacore (the extra `ms`), which is imported only when a measurement set is opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.casacore_table import no_measurement_set, opened_table

COLUMNS = {"corrected": "CORRECTED_DATA", "data": "DATA"}
HANDS = ((1,), (9, 12), (5, 8), (9,), (12,), (5,), (8,))
"""Codes in casacore's Stokes::StokesTypes that make Stokes I, best first: I; XX, YY; RR, LL;
a single hand, which equals I for an unpolarised source."""
FRAMES = {
    0: "SOURCE", 1: "LSRK", 2: "LSRD", 3: "BARYCENT", 4: "GEOCENTR",
    5: "TOPOCENT", 6: "GALACTOC", 7: "LOCALGRP", 8: "CMBDIPOL",
}  # fmt: skip
"""MEAS_FREQ_REF (casacore's MFrequency::Types) in FITS spelling (Paper III, table 12)."""
DIRECTION_CODES = {0: "J2000", 21: "ICRS"}
"""casacore's MDirection::Types, for direction tables that do not name their codes."""
SKY_FRAMES = {"J2000": "FK5", "ICRS": "ICRS"}
ROWS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Field:
    """ra_deg, dec_deg : phase centre
    frame : 'FK5' or 'ICRS'; None if the phase centre moves or is in other coordinates
    frame_name : the coordinates in words
    """

    id: int
    name: str
    ra_deg: float
    dec_deg: float
    frame: str | None
    frame_name: str


@dataclass(frozen=True, eq=False)
class SpectralWindow:
    """freq_hz : (chan,) centres in the data's order; data_ids : rows of DATA_DESCRIPTION."""

    id: int
    name: str
    freq_hz: np.ndarray
    width_hz: float
    specsys: str
    data_ids: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class MeasurementSet:
    """The contents of the subtables, and which fields and windows have rows.

    antenna_itrf_m : (antenna, 3); dish_m : (antenna,)
    hands : for each row of DATA_DESCRIPTION, the indices of the correlations that make Stokes I
    rows : (field, data id) number of cross-correlation rows
    columns : the visibility columns that exist
    """

    path: Path
    telescope: str
    fields: tuple[Field, ...]
    windows: tuple[SpectralWindow, ...]
    antenna_itrf_m: np.ndarray
    dish_m: np.ndarray
    hands: tuple[tuple[int, ...], ...]
    rows: np.ndarray
    columns: tuple[str, ...]


def open_measurement_set(path: Path) -> MeasurementSet:
    """Read the structure of a measurement set, without its visibilities.

    Raises `DeepFocusError` if python-casacore is missing, or if the path is not a measurement set
    or contains no visibilities.
    """
    path = Path(path)
    with opened_table(path) as main:
        named = main.colnames()
        for needed in ("UVW", "FLAG", "WEIGHT", "DATA_DESC_ID", "FIELD_ID"):
            if needed not in named:
                raise no_measurement_set(path, f"it has no column {needed}")
        columns = tuple(key for key, name in COLUMNS.items() if name in named)
        if not columns:
            raise DeepFocusError(
                f"{path} has neither CORRECTED_DATA nor DATA",
                wanted="visibilities of an interferometer",
                remedy="single-dish data are imaged with CASA's sdimaging",
            )
        rows = _rows(main)
    with opened_table(path / "DATA_DESCRIPTION") as table:
        window_of = table.getcol("SPECTRAL_WINDOW_ID")
        polarisation_of = table.getcol("POLARIZATION_ID")
    with opened_table(path / "POLARIZATION") as table:
        correlations = [list(table.getcell("CORR_TYPE", i)) for i in range(table.nrows())]
    with opened_table(path / "ANTENNA") as table:
        antennas, dishes = table.getcol("POSITION"), table.getcol("DISH_DIAMETER")
    with opened_table(path / "OBSERVATION") as table:
        telescope = str(table.getcell("TELESCOPE_NAME", 0)) if table.nrows() else ""
    fields, windows = _fields(path), _windows(path, window_of)
    for points, where, there, table_name in (
        (polarisation_of, "DATA_DESCRIPTION", len(correlations), "POLARIZATION"),
        (window_of, "DATA_DESCRIPTION", len(windows), "SPECTRAL_WINDOW"),
        (rows.antennas, "the table", len(antennas), "ANTENNA"),
        (rows.fields, "the table", len(fields), "FIELD"),
        (rows.data, "the table", len(window_of), "DATA_DESCRIPTION"),
    ):
        if any(not 0 <= i < there for i in points):
            raise no_measurement_set(
                path, f"{where} points beyond the {there} rows of {table_name}"
            )
    return MeasurementSet(
        path=path,
        telescope=telescope,
        fields=fields,
        windows=windows,
        antenna_itrf_m=antennas,
        dish_m=dishes,
        hands=tuple(_hands(correlations[i]) for i in polarisation_of),
        rows=rows.counted(len(fields), len(window_of)),
        columns=columns,
    )


@dataclass(frozen=True, eq=False)
class _Rows:
    """Distinct ids in the cross-correlations of the table, and how many rows each pair has."""

    antennas: np.ndarray
    pairs: np.ndarray
    number: np.ndarray

    @property
    def fields(self) -> np.ndarray:
        return self.pairs[:, 0]

    @property
    def data(self) -> np.ndarray:
        return self.pairs[:, 1]

    def counted(self, fields: int, data: int) -> np.ndarray:
        """(field, data id) number of rows."""
        counts = np.zeros((fields, data), int)
        np.add.at(counts, (self.fields, self.data), self.number)
        return counts


def _rows(main: Any) -> _Rows:
    antennas, pairs, numbers = [np.zeros(0, int)], [np.zeros((0, 2), int)], [np.zeros(0, int)]
    for start in range(0, main.nrows(), ROWS_AT_ONCE):
        field, data, one, other = (
            main.getcol(name, start, min(ROWS_AT_ONCE, main.nrows() - start))
            for name in ("FIELD_ID", "DATA_DESC_ID", "ANTENNA1", "ANTENNA2")
        )
        cross = one != other
        pair, number = np.unique(
            np.stack([field[cross], data[cross]], axis=1), axis=0, return_counts=True
        )
        antennas.append(np.unique([one[cross], other[cross]]))
        pairs.append(pair)
        numbers.append(number)
    return _Rows(
        np.unique(np.concatenate(antennas)), np.concatenate(pairs), np.concatenate(numbers)
    )


def _fields(path: Path) -> tuple[Field, ...]:
    with opened_table(path / "FIELD") as table:
        fields = []
        for i in range(table.nrows()):
            directions = np.atleast_2d(table.getcell("PHASE_DIR", i))
            moves = bool(np.any(directions[1:]))
            frame = "a polynomial in time" if moves else _direction_frame(table, i)
            ra, dec = np.rad2deg(directions[0])
            if not abs(dec) <= 90 or not np.isfinite(ra):
                raise no_measurement_set(path, f"the phase centre of field {i} is no direction")
            fields.append(
                Field(
                    id=i,
                    name=str(table.getcell("NAME", i)),
                    ra_deg=float(ra) % 360.0,
                    dec_deg=float(dec),
                    frame=SKY_FRAMES.get(frame),
                    frame_name=frame,
                )
            )
    return tuple(fields)


def _direction_frame(table: Any, row: int) -> str:
    """casacore's name for the coordinates of a field's phase centre."""
    if "EPHEMERIS_ID" in table.colnames() and table.getcell("EPHEMERIS_ID", row) >= 0:
        return "of an ephemeris"
    info = table.getcolkeyword("PHASE_DIR", "MEASINFO")
    if "VarRefCol" not in info:
        return str(info.get("Ref", "J2000"))
    code = int(table.getcell(info["VarRefCol"], row))
    names = dict(zip(info.get("TabRefCodes", []), info.get("TabRefTypes", []), strict=False))
    return str((names or DIRECTION_CODES).get(code, f"of code {code}"))


def _windows(path: Path, window_of: np.ndarray) -> tuple[SpectralWindow, ...]:
    windows = []
    with opened_table(path / "SPECTRAL_WINDOW") as table:
        for i in range(table.nrows()):
            freq_hz = np.asarray(table.getcell("CHAN_FREQ", i), float)
            widths = np.abs(np.asarray(table.getcell("CHAN_WIDTH", i), float))
            windows.append(
                SpectralWindow(
                    id=i,
                    name=str(table.getcell("NAME", i)),
                    freq_hz=freq_hz,
                    width_hz=float(np.median(widths)),
                    specsys=FRAMES.get(int(table.getcell("MEAS_FREQ_REF", i)), "TOPOCENT"),
                    data_ids=tuple(int(j) for j in np.nonzero(window_of == i)[0]),
                )
            )
    return tuple(windows)


def _hands(correlations: list[int]) -> tuple[int, ...]:
    """Indices of the correlations that make Stokes I; empty if none do."""
    for wanted in HANDS:
        if all(code in correlations for code in wanted):
            return tuple(correlations.index(code) for code in wanted)
    return ()
