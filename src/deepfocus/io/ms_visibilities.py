"""Reads a measurement set in blocks of rows: uv tracks, and Stokes I visibilities with weights.

As in tclean, the weight spectrum is used if there is one, Stokes I is the mean of two parallel
hands that must both be unflagged, and its weight is the mean of their weights. Autocorrelations
are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepfocus.io.casacore_table import casacores_errors, no_measurement_set, opened_table
from deepfocus.io.measurement_set import COLUMNS, Field, MeasurementSet, SpectralWindow

BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class Tracks:
    """Baselines of one window's rows.

    uv_m : (row, 2), 0 where undefined; w_m : the largest |w|; mjd_utc : (time,) distinct times
    antennas : ids of the antennas with data
    """

    uv_m: np.ndarray
    w_m: float
    mjd_utc: np.ndarray
    antennas: np.ndarray


@dataclass(frozen=True, eq=False)
class Visibilities:
    """values : (row, chan) complex64, Stokes I, Jy, 0 where flagged; weights : (row, chan)
    float32, 0 where flagged."""

    values: np.ndarray
    weights: np.ndarray


def read_tracks(ms: MeasurementSet, *, field: Field, window: SpectralWindow) -> Tracks:
    """uv tracks of a field in a window, in the row order of `read_visibilities`."""
    uv, times, used, w = [], [], [], 0.0
    for block, _ in _blocks(ms, field, window, bytes_per_row=64):
        uvw = block("UVW")
        uv.append(np.where(_placed(uvw)[:, None], uvw[:, :2], 0.0))
        w = max(w, float(np.abs(uvw[_placed(uvw), 2]).max(initial=0.0)))
        time = block("TIME")
        times.append(np.unique(time[np.isfinite(time)]))
        used.append(np.unique([block("ANTENNA1"), block("ANTENNA2")]))
    return Tracks(
        uv_m=np.concatenate(uv),
        w_m=w,
        mjd_utc=np.unique(np.concatenate(times)) / 86400.0,
        antennas=np.unique(np.concatenate(used)),
    )


def read_visibilities(
    ms: MeasurementSet,
    *,
    field: Field,
    window: SpectralWindow,
    column: str,
    first: int,
    last: int,
) -> Visibilities:
    """Stokes I of channels `first` to `last` (included) of all rows of a field in a window.

    column : 'corrected' or 'data'. Memory: 12 bytes per visibility, and one block of rows.
    """
    chans = last - first + 1
    rows = int(sum(ms.rows[field.id, i] for i in window.data_ids))
    values = np.zeros((rows, chans), np.complex64)
    weights = np.zeros((rows, chans), np.float32)
    start = 0
    for block, hands in _blocks(ms, field, window, bytes_per_row=chans * 60):
        at = slice(start, start + len(block("FLAG_ROW")))
        values[at], weights[at] = _intensity(block, hands, COLUMNS[column], (first, last))
        start = at.stop
    return Visibilities(values=values, weights=weights)


class _Block:
    """A range of table rows; a call with a column name returns its values."""

    def __init__(self, path: Path, table: Any, start: int, count: int) -> None:
        self._path, self._table, self._start, self._count = path, table, start, count

    def __call__(self, column: str, channels: tuple[int, int] | None = None) -> np.ndarray:
        """(row, ...), or (row, chan, correlation) for channels (first, last)."""
        with casacores_errors(self._path):
            if channels is None:
                rows: np.ndarray = self._table.getcol(column, self._start, self._count)
                return rows
            last = self._table.getcell(column, self._start).shape[1] - 1
            corners = (channels[0], 0), (channels[1], last)
            part: np.ndarray = self._table.getcolslice(
                column, *corners, [], self._start, self._count
            )
            return part

    def of(
        self, column: str, correlations: list[int], channels: tuple[int, int] | None = None
    ) -> np.ndarray:
        """(row, ..., correlation) of some correlations.

        Raises `DeepFocusError` if the column has fewer than the table POLARIZATION says.
        """
        values = self(column, channels)
        if values.shape[-1] <= max(correlations):
            raise no_measurement_set(
                self._path,
                f"{column} has {values.shape[-1]} correlations, where POLARIZATION names more",
            )
        some: np.ndarray = values[..., correlations]
        return some

    def has(self, column: str) -> bool:
        """Whether the column exists and is filled in."""
        if column not in self._table.colnames():
            return False
        return bool(self._table.iscelldefined(column, self._start))


def _blocks(
    ms: MeasurementSet, field: Field, window: SpectralWindow, *, bytes_per_row: int
) -> Iterator[tuple[_Block, tuple[int, ...]]]:
    """Blocks of a field's cross-correlations in a window, with the indices of Stokes I's hands."""
    step = max(1, BLOCK_BYTES // bytes_per_row)
    with opened_table(ms.path) as main:
        for data_id in window.data_ids:
            if not ms.rows[field.id, data_id]:
                continue
            chosen = main.query(
                f"FIELD_ID=={field.id} && DATA_DESC_ID=={data_id} && ANTENNA1!=ANTENNA2"
            )
            for start in range(0, chosen.nrows(), step):
                count = min(step, chosen.nrows() - start)
                yield _Block(ms.path, chosen, start, count), ms.hands[data_id]
            chosen.close()


def _placed(uvw: np.ndarray) -> np.ndarray:
    """(row,) whether a baseline is defined; visibilities of others count as flagged."""
    placed: np.ndarray = np.isfinite(uvw).all(axis=1)
    return placed


def _intensity(
    block: _Block, hands: tuple[int, ...], column: str, channels: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Stokes I and its weights (row, chan), both 0 where flagged."""
    correlations = list(hands)
    visibilities = block.of(column, correlations, channels)
    visibilities = np.where(np.isfinite(visibilities), visibilities, np.nan).mean(axis=-1)
    flagged = block.of("FLAG", correlations, channels).any(axis=-1)
    flagged |= block("FLAG_ROW")[:, None]
    if block.has("WEIGHT_SPECTRUM"):
        weights = block.of("WEIGHT_SPECTRUM", correlations, channels).mean(axis=-1)
    else:
        weights = np.broadcast_to(
            block.of("WEIGHT", correlations).mean(axis=-1)[:, None], visibilities.shape
        )
    flagged |= ~_placed(block("UVW"))[:, None]
    good = ~flagged & np.isfinite(visibilities) & np.isfinite(weights) & (weights > 0)
    return np.where(good, visibilities, 0), np.where(good, weights, 0)
