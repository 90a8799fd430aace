"""The `Catalogue`: a table with a declared schema, shared by truth, pipeline and other finders.

Positions are 0-based pixels and channels of the input cube. An unknown quantity is NaN, and so
is its uncertainty; no number is made up. Rejected candidates stay, with their flag. In a truth,
uncertainties are Cramer-Rao bounds: what the best measurement could reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from astropy.table import QTable, Table, vstack

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import reason

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Column:
    """One column: name, numpy type, unit (FITS spelling), UCD, meaning, and whether measured.

    A measured column is followed by its uncertainty, `<name>_err`, one standard deviation.
    """

    name: str
    dtype: str
    unit: str | None
    ucd: str
    meaning: str
    measured: bool = False


def _m(name: str, unit: str | None, ucd: str, meaning: str) -> Column:
    return Column(name, "f8", unit, ucd, meaning, measured=True)


BASE_COLUMNS: tuple[Column, ...] = (
    Column("id", "i8", None, "meta.id;meta.main", "identity within the catalogue, from 1"),
    Column("parent_id", "i8", None, "meta.id.parent", "id of the blob it was deblended from, or 0"),
    Column("flag", "i8", None, "meta.code", "0: accepted source; else bits, see core.flags"),
    Column("reason", "U96", None, "meta.note", "the flag in words"),
    Column("warning", "U256", None, "meta.note", "what to keep in mind of it; empty if nothing"),
    _m("x", "pix", "pos.cartesian.x;instr.det", "0-based pixel, first image axis"),
    _m("y", "pix", "pos.cartesian.y;instr.det", "0-based pixel, second image axis"),
    _m("ra", "deg", "pos.eq.ra;meta.main", "right ascension, ICRS"),
    _m("dec", "deg", "pos.eq.dec;meta.main", "declination, ICRS"),
    _m("channel", "chan", "em.bin;spect.line", "0-based channel of the line centre"),
    _m("frequency", "Hz", "em.freq;spect.line", "frequency of the line centre"),
    _m(
        "velocity",
        "km/s",
        "spect.dopplerVeloc;spect.line",
        "velocity of the line centre about the rest frequency, radio definition, the cube's frame",
    ),
    _m("line_fwhm_chan", "chan", "spect.line.width", "line FWHM in channels"),
    _m("line_fwhm", "km/s", "spect.line.width", "line FWHM, c dnu / nu at the line"),
    Column(
        "line_fwhm_limit_chan",
        "f8",
        "chan",
        "spect.line.width;stat.max",
        "upper limit of the line FWHM where channels are too few to measure it; NaN if it is",
    ),
    Column(
        "line_fwhm_limit",
        "f8",
        "km/s",
        "spect.line.width;stat.max",
        "line_fwhm_limit_chan in km/s, c dnu / nu at the line",
    ),
    _m("line_w20_chan", "chan", "spect.line.width", "full width of the line at 20% of its peak"),
    _m("line_w20", "km/s", "spect.line.width", "line_w20_chan in km/s, c dnu / nu at the line"),
    Column("box_x0", "f8", "pix", "pos.cartesian.x;stat.min", "2D box, first pixel edge in x"),
    Column("box_x1", "f8", "pix", "pos.cartesian.x;stat.max", "2D box, last pixel edge in x"),
    Column("box_y0", "f8", "pix", "pos.cartesian.y;stat.min", "2D box, first pixel edge in y"),
    Column("box_y1", "f8", "pix", "pos.cartesian.y;stat.max", "2D box, last pixel edge in y"),
    Column("channel_lo", "f8", "chan", "em.bin;stat.min", "channel - FWHM: start of the range"),
    Column("channel_hi", "f8", "chan", "em.bin;stat.max", "channel + FWHM: end of the range"),
    _m("fwhm_x_px", "pix", "phys.angSize", "deconvolved FWHM along the axis with PA in [0, 90)"),
    _m("fwhm_y_px", "pix", "phys.angSize", "deconvolved FWHM along the axis with PA in [90, 180)"),
    _m("fwhm_x", "arcsec", "phys.angSize", "fwhm_x_px in arcsec"),
    _m("fwhm_y", "arcsec", "phys.angSize", "fwhm_y_px in arcsec"),
    Column(
        "fwhm_limit_px",
        "f8",
        "pix",
        "phys.angSize;stat.max",
        "upper limit (95%) of an unresolved source's FWHM; NaN if it is resolved",
    ),
    Column("fwhm_limit", "f8", "arcsec", "phys.angSize;stat.max", "fwhm_limit_px in arcsec"),
    _m("pa", "deg", "pos.posAng", "position angle of the major axis, north through east, [0, 180)"),
    _m(
        "line_shift_px",
        "pix",
        "pos.angDistance",
        "what the line's centre moves on the sky over line_fwhm; NaN if it stays in place",
    ),
    _m("line_shift", "arcsec", "pos.angDistance", "line_shift_px in arcsec"),
    _m(
        "kinematic_pa",
        "deg",
        "pos.posAng",
        "where the line's centre moves with rising velocity, north through east, [0, 360)",
    ),
    _m(
        "line_flux",
        "Jy.km/s",
        "phot.flux;spect.line",
        "integrated line flux, corrected for the primary beam where the cube carries it",
    ),
    _m(
        "mask_flux",
        "Jy.km/s",
        "phot.flux;spect.line",
        "line_flux without a model: the sum in the source's mask; restored cubes only",
    ),
    Column(
        "primary_beam",
        "f8",
        None,
        "arith.factor;instr.beam",
        "response of the primary beam at the line, 1 on axis; NaN where it is not known",
    ),
    _m("peak", "mJy/beam", "phot.flux.density;stat.max", "peak of line and continuum in the cube"),
    _m("continuum", "mJy", "phot.flux.density;em.radio", "continuum flux density at the line"),
    Column(
        "summed_brightness",
        "f8",
        "mJy/beam",
        "phot.flux.sb",
        "the paper's flux: raw dirty voxels summed in the 3D box, continuum included",
    ),
    Column("snr_peak", "f8", None, "stat.snr", "peak of the line / noise in one channel"),
    Column(
        "ideal_snr", "f8", None, "stat.snr", "SNR of the line for an ideal observer; truth only"
    ),
    Column("snr_focused", "f8", None, "stat.snr", "peak of the focused image / its noise"),
    Column("global_snr", "f8", None, "stat.snr", "Global SNR in the integrated image (Eq 17)"),
    Column("global_snr_focused", "f8", None, "stat.snr", "Global SNR, focused image (Eq 17)"),
    Column("pixel_snr", "f8", None, "stat.snr", "highest Pixel SNR, focused image (Eq 18)"),
    Column("probability", "f8", None, "stat.probability", "detection probability"),
    _m(
        "completeness",
        None,
        "stat.probability",
        "share that is found of sources like it, injected into the cube (deepfocus completeness)",
    ),
    _m(
        "fidelity",
        None,
        "stat.probability",
        "that it is no noise, by what stands out below zero as much (deepfocus fidelity)",
    ),
)
"""Columns in order, without the uncertainties that follow the measured ones."""


def _with_errors(columns: Iterable[Column]) -> tuple[Column, ...]:
    out: list[Column] = []
    for column in columns:
        out.append(column)
        if column.measured:
            out.append(
                Column(
                    f"{column.name}_err",
                    "f8",
                    column.unit,
                    f"stat.error;{column.ucd.split(';')[0]}",
                    f"uncertainty of {column.name}, 1 sigma; NaN where not known",
                )
            )
    return tuple(out)


SCHEMA: tuple[Column, ...] = _with_errors(BASE_COLUMNS)
NAMES: tuple[str, ...] = tuple(column.name for column in SCHEMA)


@dataclass(frozen=True, eq=False, repr=False)
class Catalogue:
    """Sources or candidates, one per row, with the columns of `SCHEMA`.

    rows : astropy table of exactly these columns, in order; plain values, units as attributes

    >>> found = catalogue(x=[10.0, 20.0], y=[5.0, 7.0], channel=[3.0, 9.0], flag=[0, 4])
    >>> found
    Catalogue: 1 source, 1 rejected candidate
    >>> found["x"]
    array([10., 20.])
    >>> found.accepted.table["x"]
    <Quantity [10.] pix>
    """

    rows: Table

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, name: str) -> np.ndarray:
        """A column as a plain array in the schema's unit."""
        return np.asarray(self.rows[name])

    def __repr__(self) -> str:
        accepted = int(np.sum(self["flag"] == 0))
        return f"Catalogue: {numbered(accepted, 'source')}" + (
            f", {numbered(len(self) - accepted, 'rejected candidate')}"
            if accepted < len(self)
            else ""
        )

    def _repr_html_(self) -> str:
        """For notebooks: the columns that have a value in any row."""
        shown = [name for name in NAMES if _has_value(self[name])]
        return f"<p>{self!r}</p>{QTable(self.rows[shown])._repr_html_()}"

    @property
    def table(self) -> QTable:
        """A copy as an astropy table whose columns have their units."""
        return QTable(self.rows)

    def to_pandas(self) -> pandas.DataFrame:
        """A copy as a pandas frame, without units. Raises `DeepFocusError` without pandas."""
        if find_spec("pandas") is None:
            raise DeepFocusError(
                "pandas is not installed", wanted="pandas", remedy="pip install pandas"
            )
        return self.rows.to_pandas()

    @property
    def accepted(self) -> Catalogue:
        """The rows whose flag is 0."""
        return self.where(self["flag"] == 0)

    def where(self, mask: np.ndarray) -> Catalogue:
        """The rows that `mask` selects."""
        return Catalogue(self.rows[np.asarray(mask, bool)])

    def at(self, rows: np.ndarray) -> Catalogue:
        """The rows with these indices, in this order."""
        return Catalogue(self.rows[np.asarray(rows, int)])

    def with_columns(self, **columns: Any) -> Catalogue:
        """A copy with these columns replaced; an unknown name is an error."""
        rows = self.rows.copy()
        for name, values in columns.items():
            if name not in NAMES:
                raise KeyError(f"the catalogue has no column '{name}'")
            rows[name][:] = values
        return Catalogue(rows)

    def with_reasons(self) -> Catalogue:
        """A copy whose column `reason` is written from `flag`."""
        return self.with_columns(reason=[reason(int(flag)) for flag in self["flag"]])

    @property
    def meta(self) -> Mapping[str, Any]:
        """Provenance."""
        meta: Mapping[str, Any] = self.rows.meta
        return meta

    def with_meta(self, **meta: Any) -> Catalogue:
        """A copy with more provenance."""
        rows = self.rows.copy()
        rows.meta.update(meta)
        return Catalogue(rows)


def numbered(n: int, what: str) -> str:
    """'1 source', '2 sources'."""
    return f"{n} {what}{'' if n == 1 else 's'}"


def _has_value(values: np.ndarray) -> bool:
    """Whether any value is set: a finite float, a non-zero integer or a non-empty text."""
    if values.dtype.kind == "f":
        return bool(np.isfinite(values).any())
    return bool(np.any(values != np.zeros(1, values.dtype)))


def _blank(column: Column, n: int) -> np.ndarray:
    if column.dtype.startswith("f"):
        return np.full(n, np.nan)
    return np.zeros(n, dtype=column.dtype)


def catalogue(rows: int = 0, **columns: Any) -> Catalogue:
    """A catalogue of `rows` rows (or as many as the columns have); unknown values are NaN.

    `id` counts from 1 unless given.
    """
    lengths = {len(np.atleast_1d(values)) for values in columns.values()}
    if len(lengths) > 1:
        raise ValueError(f"columns of different lengths: {sorted(lengths)}")
    n = lengths.pop() if lengths else rows
    unknown = set(columns) - set(NAMES)
    if unknown:
        raise KeyError(f"the catalogue has no column {sorted(unknown)}")
    table = Table()
    for column in SCHEMA:
        values = _blank(column, n)
        if column.name == "id":
            values = np.arange(1, n + 1)
        if column.name in columns:
            values = np.atleast_1d(np.asarray(columns[column.name])).astype(column.dtype)
        table[column.name] = values
    return Catalogue(_described(table))


def catalogue_of_rows(rows: Iterable[Mapping[str, Any]]) -> Catalogue:
    """A catalogue from row mappings; columns a row does not name are blank."""
    rows = list(rows)
    names = [name for name in NAMES if any(name in row for row in rows)]
    blank = {column.name: _blank(column, 1)[0] for column in SCHEMA}
    columns = {name: [row.get(name, blank[name]) for row in rows] for name in names}
    return catalogue(rows=len(rows), **columns)


def stacked(catalogues: Iterable[Catalogue]) -> Catalogue:
    """All rows in sequence, ids unchanged."""
    tables = [each.rows for each in catalogues]
    if not tables:
        return catalogue()
    return Catalogue(_described(vstack(tables, metadata_conflicts="silent")))


def _described(table: Table) -> Table:
    for column in SCHEMA:
        table[column.name].unit = column.unit
        table[column.name].description = column.meaning
        table[column.name].meta["ucd"] = column.ucd
    return table
