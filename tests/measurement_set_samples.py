"""Small measurement sets that tests make themselves, with casacore's own table descriptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.constants import c

from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.tracks import transit_times, uvw_m

RA_DEG, DEC_DEG = 60.0, -35.0
XX, YY, RR, LL, STOKES_I = 9, 12, 5, 8, 1
ARCSEC = np.pi / 180 / 3600


@dataclass(frozen=True, eq=False)
class Array:
    """Rows of some antennas of C-3 through a short track, autocorrelations among them.

    uvw_m : (row, 3); antenna1, antenna2 : (row,); time_s : (row,) MJD seconds
    """

    uvw_m: np.ndarray
    antenna1: np.ndarray
    antenna2: np.ndarray
    time_s: np.ndarray
    itrf_m: np.ndarray

    @property
    def cross(self) -> np.ndarray:
        return self.antenna1 != self.antenna2


def array_of(count: int = 12, times: int = 4) -> Array:
    """The first antennas of C-3, one integration every ten minutes."""
    whole = antennas("C-3")
    where = {"ra_deg": RA_DEG, "dec_deg": DEC_DEG}
    mjd = transit_times(**where, total_s=600.0 * times, step_s=600.0)
    tracks = uvw_m(whole, **where, mjd_utc=mjd)
    first, second = whole.baselines
    used = (first < count) & (second < count)
    uvw = np.concatenate([np.zeros((times, count, 3)), tracks[:, used]], axis=1)
    one = np.concatenate([np.arange(count), first[used]])
    other = np.concatenate([np.arange(count), second[used]])
    return Array(
        uvw_m=uvw.reshape(-1, 3),
        antenna1=np.tile(one, times),
        antenna2=np.tile(other, times),
        time_s=np.repeat(mjd * 86400.0, len(one)),
        itrf_m=whole.itrf_m[:count],
    )


def point_visibilities(
    uvw_metres: np.ndarray,
    freq_hz: np.ndarray,
    *,
    flux_jy: float | np.ndarray,
    east_arcsec: float,
    north_arcsec: float,
) -> np.ndarray:
    """(row, chan) of a point source, with w = 0: V = S exp(2 pi i (u l + v m)) for the u, v of a
    measurement set (CASA's simulator writes exactly this, to 2e-7)."""
    path = uvw_metres[:, 0] * np.sin(east_arcsec * ARCSEC)
    path = path + uvw_metres[:, 1] * np.sin(north_arcsec * ARCSEC)
    return flux_jy * np.exp(2j * np.pi * path[:, None] * freq_hz / c)


@dataclass(frozen=True, eq=False)
class Window:
    """data : (row, chan, correlation); weight_spectrum, flag : the same shape, if given."""

    freq_hz: np.ndarray
    data: np.ndarray
    corrected: np.ndarray | None = None
    weight: np.ndarray | None = None
    weight_spectrum: np.ndarray | None = None
    flag: np.ndarray | None = None
    flag_row: np.ndarray | None = None
    field_id: np.ndarray | None = None
    width_hz: float | None = None
    frame_code: int = 5


@dataclass(frozen=True, eq=False)
class Sample:
    """What is written around the rows."""

    correlations: Sequence[int] = (XX, YY)
    telescope: str = "ALMA"
    dish_m: Sequence[float] | float = 12.0
    fields: Sequence[tuple[str, float, float]] = (("target", RA_DEG, DEC_DEG),)
    sky_frame: str = "J2000"
    data_column: str = "DATA"


def write_measurement_set(
    path: Path, array: Array, windows: Sequence[Window], sample: Sample | None = None
) -> Path:
    """A measurement set of the array's rows in each window."""
    from casacore.tables import default_ms, makearrcoldesc, maketabdesc, table

    sample = sample or Sample()
    columns = [makearrcoldesc(sample.data_column, 0j, ndim=2, valuetype="complex")]
    if any(window.corrected is not None for window in windows):
        columns.append(makearrcoldesc("CORRECTED_DATA", 0j, ndim=2, valuetype="complex"))
    if any(window.weight_spectrum is not None for window in windows):
        columns.append(makearrcoldesc("WEIGHT_SPECTRUM", 0.0, ndim=2, valuetype="float"))
    main = default_ms(str(path), maketabdesc(columns))
    for number, window in enumerate(windows):
        _put_rows(main, array, number, window, sample)
    main.close()
    _put_subtables(path, array, windows, sample, table)
    return path


def _put_rows(main: Any, array: Array, number: int, window: Window, sample: Sample) -> None:
    rows, _, hands = window.data.shape
    start = main.nrows()
    main.addrows(rows)
    flag = np.zeros(window.data.shape, bool) if window.flag is None else window.flag
    weight = np.ones((rows, hands), np.float32) if window.weight is None else window.weight
    values = {
        "UVW": array.uvw_m,
        "ANTENNA1": array.antenna1,
        "ANTENNA2": array.antenna2,
        "TIME": array.time_s,
        "TIME_CENTROID": array.time_s,
        "DATA_DESC_ID": np.full(rows, number),
        "FIELD_ID": np.zeros(rows, int) if window.field_id is None else window.field_id,
        "FLAG": flag,
        "FLAG_ROW": np.zeros(rows, bool) if window.flag_row is None else window.flag_row,
        "WEIGHT": weight.astype(np.float32),
        "SIGMA": np.ones((rows, hands), np.float32),
        sample.data_column: window.data.astype(np.complex64),
    }
    if window.corrected is not None:
        values["CORRECTED_DATA"] = window.corrected.astype(np.complex64)
    if window.weight_spectrum is not None:
        values["WEIGHT_SPECTRUM"] = window.weight_spectrum.astype(np.float32)
    for name, value in values.items():
        main.putcol(name, value, start, rows)


def _put_subtables(
    path: Path, array: Array, windows: Sequence[Window], sample: Sample, table: Any
) -> None:
    def rows(name: str, count: int) -> Any:
        opened = table(f"{path}/{name}", readonly=False, ack=False)
        opened.addrows(count)
        return opened

    with rows("ANTENNA", len(array.itrf_m)) as out:
        out.putcol("POSITION", array.itrf_m)
        out.putcol("DISH_DIAMETER", np.broadcast_to(sample.dish_m, len(array.itrf_m)).copy())
    with rows("OBSERVATION", 1) as out:
        out.putcell("TELESCOPE_NAME", 0, sample.telescope)
    with rows("POLARIZATION", 1) as out:
        out.putcell("NUM_CORR", 0, len(sample.correlations))
        out.putcell("CORR_TYPE", 0, np.array(sample.correlations, np.int32))
    with rows("DATA_DESCRIPTION", len(windows)) as out:
        out.putcol("SPECTRAL_WINDOW_ID", np.arange(len(windows)))
        out.putcol("POLARIZATION_ID", np.zeros(len(windows), int))
    with rows("FIELD", len(sample.fields)) as out:
        out.putcolkeyword("PHASE_DIR", "MEASINFO", {"type": "direction", "Ref": sample.sky_frame})
        for i, (name, ra_deg, dec_deg) in enumerate(sample.fields):
            out.putcell("NAME", i, name)
            out.putcell("PHASE_DIR", i, np.deg2rad([[ra_deg, dec_deg]]))
    with rows("SPECTRAL_WINDOW", len(windows)) as out:
        for i, window in enumerate(windows):
            step = np.diff(window.freq_hz).mean() if len(window.freq_hz) > 1 else 1e6
            width = window.width_hz or step
            out.putcell("NAME", i, f"window {i}")
            out.putcell("NUM_CHAN", i, len(window.freq_hz))
            out.putcell("CHAN_FREQ", i, np.asarray(window.freq_hz, float))
            out.putcell("CHAN_WIDTH", i, np.full(len(window.freq_hz), width))
            out.putcell("MEAS_FREQ_REF", i, window.frame_code)
