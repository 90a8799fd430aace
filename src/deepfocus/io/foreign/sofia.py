"""SoFiA-2's catalogues: its XML and its plain text, read and written.

SoFiA counts pixels and channels from 0, as we do. It says the unit of each column in the file:
widths and fluxes are in those of the cube's spectral axis. Ellipses are neither read nor written,
as `core.sofia_table` explains: they are moments of a mask, beam included. Its fluxes are those of
the cube that it searched: where the primary beam weighs on that, they are not corrected for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u
from astropy.coordinates import ICRS, BaseCoordinateFrame, Galactic

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import C_KMS, Grid
from deepfocus.core.sky_columns import with_sky_units
from deepfocus.core.sofia_table import SofiaTable, flag_of, measured_columns, positive
from deepfocus.io.foreign.links import Link
from deepfocus.io.foreign.places import equatorial_frame, in_unit, on_sky, positions_in
from deepfocus.io.foreign.sofia_files import SOFIA, WHOLE, Cells, read_table, write_table
from deepfocus.io.foreign.texts import no_list

LINKS = (
    Link("id", "", "id"),
    Link("x", "pix", "x"),
    Link("err_x", "pix", "x_err"),
    Link("y", "pix", "y"),
    Link("err_y", "pix", "y_err"),
    Link("z", "pix", "channel"),
    Link("err_z", "pix", "channel_err"),
    Link("ra", "deg", "ra"),
    Link("dec", "deg", "dec"),
    Link("freq", "Hz", "frequency"),
    Link("w50", "header", "line_fwhm"),
    Link("w20", "header", "line_w20"),
    Link("x_min", "pix", "box_x0", "the pixel's centre there, its edge here"),
    Link("x_max", "pix", "box_x1", "the pixel's centre there, its edge here"),
    Link("y_min", "pix", "box_y0", "the pixel's centre there, its edge here"),
    Link("y_max", "pix", "box_y1", "the pixel's centre there, its edge here"),
    Link("z_min", "pix", "channel_lo", "written only: z - w50 is read"),
    Link("z_max", "pix", "channel_hi", "written only: z + w50 is read"),
    Link("f_sum", "header", "line_flux"),
    Link("err_f_sum", "header", "line_flux_err"),
    Link("f_max", "Jy/beam", "peak"),
    Link("rms", "Jy/beam", "snr_peak", "f_max / rms"),
    Link("rel", "", "probability"),
    Link("flag", "", "warning", "its bits in words"),
)

STRETCH: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "v_rad": lambda beta: 1 / (1 - beta),
    "v_opt": lambda beta: 1 / (1 + beta),
    "v_app": lambda beta: 1 / (1 - beta**2),
}
"""c dnu / nu of a line over its width on an axis of velocity; beta is velocity / c.

They follow from nu = nu0 (1 - beta), nu0 / (1 + beta) and nu0 sqrt((1 - beta) / (1 + beta)).
"""
PAIRS = (("ra", "dec"), ("l", "b"))
PIXELS_APART = 1.5
"""By how much the two positions of a source may differ: more is no rounding."""


def read_sofia(path: Path, grid: Grid | None = None) -> Catalogue:
    """A catalogue of SoFiA-2, .xml or text.

    grid : of the cube that was searched. Without it, `ra`, `dec` and `frequency` are those of the
        file, taken for ICRS, and what is in channels of a width remains NaN

    Raises `DeepFocusError` if it is no such file, if the sum of the flux has a unit that does not
    make a line flux (SoFiA needs ``parameter.physical = true``), or if pixels and positions in it
    do not belong to the grid.
    """
    table = _in_jy(read_table(path), path)
    lacking = [name for name in ("x", "y", "z") if name not in table.columns]
    if lacking:
        raise no_list(path, SOFIA, f"it lacks the column {lacking[0]}")
    columns = measured_columns(table.columns)
    columns |= _identity(table.columns)
    if grid is not None:
        _refuse_other_grid(table.columns, grid, path)
    frequency_hz = _frequencies(table, columns["channel"], grid, path)
    columns |= _spectral(table, columns["channel"], frequency_hz, grid, path)
    found = catalogue(rows=len(columns["x"]), **columns)
    if grid is not None:
        return with_sky_units(found, grid)
    return found.with_columns(**_own_sky(table, path), frequency=frequency_hz)


def write_sofia(found: Catalogue, path: Path, grid: Grid | None = None) -> None:
    """Write accepted sources as SoFiA-2 does, in XML or text by the suffix.

    grid : of the cube, in whose frame positions are written; ICRS without it

    Numbers in text have more digits than SoFiA gives them. Fluxes are in Jy*Hz and widths in Hz;
    they are nan where the frequency is not known.
    """
    write_table(_cells(found.accepted, equatorial_frame(grid)), path)


# --- reading
def _in_jy(table: SofiaTable, path: Path) -> SofiaTable:
    """With peaks and noise in Jy/beam, whatever the unit of the cube was."""
    changed = {
        name: in_unit(
            table.columns[name], table.units[name], "Jy/beam", what=f"column '{name}' of {path}"
        )
        for name in ("f_max", "rms")
        if name in table.columns
    }
    return SofiaTable({**table.columns, **changed}, table.units)


def _identity(sources: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    columns = {}
    if "id" in sources:
        columns["id"] = sources["id"]
    if "rel" in sources and sources["rel"].any():  # all are 0 where SoFiA did not measure it
        columns["probability"] = sources["rel"]
    return columns


def _refuse_other_grid(sources: Mapping[str, np.ndarray], grid: Grid, path: Path) -> None:
    """A region of a cube counts its pixels from its own corner, unless SoFiA was told otherwise."""
    names = next((pair for pair in PAIRS if set(pair) <= set(sources)), None)
    equatorial = grid.sky.wcs.lngtyp.strip() == "RA"
    if names is None or equatorial != (names[0] == "ra") or not len(sources["x"]):
        return
    x, y = grid.sky.all_world2pix(sources[names[0]], sources[names[1]], 0, quiet=True)
    apart = np.hypot(x - sources["x"], y - sources["y"])
    if np.nanmax(apart, initial=0.0) <= PIXELS_APART:
        return
    worst = int(np.nanargmax(apart))
    raise DeepFocusError(
        f"a source of {path} is at pixel ({sources['x'][worst]:.1f}, {sources['y'][worst]:.1f}) by "
        f"its x and y, and at ({x[worst]:.1f}, {y[worst]:.1f}) of the grid by its position",
        wanted="the grid of the cube, or the part of it, that SoFiA-2 searched",
        remedy="give that grid, or run SoFiA-2 with parameter.offset = true",
    )


def _frequencies(
    table: SofiaTable, channel: np.ndarray, grid: Grid | None, path: Path
) -> np.ndarray:
    """(source,) Hz; NaN where neither grid nor file says them."""
    if grid is not None:
        return grid.sky_frequency_at(channel)
    if "freq" in table.columns:
        return in_unit(table.columns["freq"], table.units["freq"], "Hz", what=f"'freq' of {path}")
    return np.full(len(channel), np.nan)


def _spectral(
    table: SofiaTable, channel: np.ndarray, frequency_hz: np.ndarray, grid: Grid | None, path: Path
) -> dict[str, np.ndarray]:
    """Columns of widths and of the flux."""
    nothing = np.full(len(channel), np.nan)
    one_kms = nothing if grid is None else grid.width_kms(1.0, channel)
    columns: dict[str, np.ndarray] = {}
    for theirs, ours in (("w50", "line_fwhm"), ("w20", "line_w20")):
        if theirs not in table.columns:
            continue
        width, unit = positive(table.columns[theirs]), table.units[theirs]
        if unit in ("pix", "chan"):
            columns[f"{ours}_chan"], columns[ours] = width, width * one_kms
            continue
        what = f"column '{theirs}' of {path}"
        columns[ours] = width * _kms_per(unit, table, frequency_hz, grid, what)
        columns[f"{ours}_chan"] = columns[ours] / one_kms
    half = columns.get("line_fwhm_chan", nothing)
    columns |= {"channel_lo": channel - half, "channel_hi": channel + half}
    for theirs, ours in (("f_sum", "line_flux"), ("err_f_sum", "line_flux_err")):
        if theirs not in table.columns:
            continue
        flux, what = table.columns[theirs], f"column '{theirs}' of {path}"
        unit = _unit_along_axis(table.units[theirs], what)
        kms = _kms_per(unit, table, frequency_hz, grid, what)
        if (np.isfinite(flux) & ~np.isfinite(kms)).any():
            raise _no_frequency(what, table.units[theirs])
        columns[ours] = flux * kms
    if "line_flux_err" in columns:  # without noise around the mask, it is 0
        columns["line_flux_err"] = positive(columns["line_flux_err"])
    return columns


def _unit_along_axis(unit: str, what: str) -> str:
    """What a flux density was summed over: 'Hz' of 'Jy*Hz'. Raises `DeepFocusError`."""
    try:
        over = u.Unit(unit) / u.Jy
        if over.is_equivalent(u.Hz) or over.is_equivalent(u.km / u.s):
            return str(over.to_string())
    except (ValueError, TypeError):
        pass
    raise DeepFocusError(
        f"{what} is in '{unit}', which is not the flux of a line",
        wanted="Jy*Hz, Jy*m/s or Jy*km/s, of a cube in Jy/beam whose beam its header says",
        remedy="run SoFiA-2 with parameter.physical = true, or take f_sum and err_f_sum out",
    )


def _kms_per(
    unit: str, table: SofiaTable, frequency_hz: np.ndarray, grid: Grid | None, what: str
) -> np.ndarray:
    """(source,) c dnu / nu, km/s, of a width of 1 in the unit of the cube's spectral axis."""
    try:
        of_frequency = u.Unit(unit).is_equivalent(u.Hz)
    except (ValueError, TypeError):
        of_frequency = False
    if of_frequency:
        kms: np.ndarray = in_unit(np.ones(1), unit, "Hz", what=what) * C_KMS / frequency_hz
        return kms
    along_axis = in_unit(np.ones(len(frequency_hz)), unit, "km/s", what=what)
    if grid is not None and grid.nominal:
        return along_axis
    for name, stretch in STRETCH.items():
        if name in table.columns:
            what = f"column '{name}'"
            velocity = in_unit(table.columns[name], table.units[name], "km/s", what=what)
            stretched: np.ndarray = along_axis * stretch(velocity / C_KMS)
            return stretched
    return np.full(len(frequency_hz), np.nan)


def _no_frequency(what: str, unit: str) -> DeepFocusError:
    return DeepFocusError(
        f"{what} is in '{unit}', and no column says at which frequency or velocity",
        wanted="the grid of the cube that was searched, or a column freq, v_rad, v_opt or v_app",
        remedy="give grid=cube.grid, or run SoFiA-2 with parameter.wcs = true",
    )


def _own_sky(table: SofiaTable, path: Path) -> dict[str, Any]:
    """Positions as the file has them; galactic ones as ICRS."""
    for longitude, latitude, frame in (("ra", "dec", ICRS()), ("l", "b", Galactic())):
        if longitude in table.columns and latitude in table.columns:
            first, second = (
                in_unit(table.columns[name], table.units[name], "deg", what=f"'{name}' of {path}")
                for name in (longitude, latitude)
            )
            there = on_sky(first, second, frame, whose=str(path)).icrs
            return {"ra": there.ra.deg, "dec": there.dec.deg}
    return {}


# --- writing
def _cells(found: Catalogue, frame: BaseCoordinateFrame) -> Cells:
    """The cells of the file. Edges of masks are left out unless all sources have them."""
    ra, dec = positions_in(frame, found)
    hz_per_kms = found["frequency"] / C_KMS
    edges = {
        "x_min": np.ceil(found["box_x0"]),
        "x_max": np.floor(found["box_x1"]),
        "y_min": np.ceil(found["box_y0"]),
        "y_max": np.floor(found["box_y1"]),
        "z_min": np.ceil(found["channel_lo"]),
        "z_max": np.floor(found["channel_hi"]),
    }
    columns = {
        "id": found["id"],
        "x": found["x"],
        "y": found["y"],
        "z": found["channel"],
        **{name: edge for name, edge in edges.items() if np.isfinite(edge).all()},
        "f_max": found["peak"] / 1e3,
        "f_sum": found["line_flux"] * hz_per_kms,
        "rel": found["probability"],
        "flag": np.array([flag_of(str(warning)) for warning in found["warning"]], int),
        "rms": found["peak"] / 1e3 / positive(found["snr_peak"]),
        "w20": found["line_w20"] * hz_per_kms,
        "w50": found["line_fwhm"] * hz_per_kms,
        "err_x": found["x_err"],
        "err_y": found["y_err"],
        "err_z": found["channel_err"],
        "err_f_sum": found["line_flux_err"] * hz_per_kms,
        "ra": ra,
        "dec": dec,
        "freq": found["frequency"],
    }
    texts = [
        [f"{value:.0f}" if name in WHOLE else repr(float(value)) for value in values]
        for name, values in columns.items()
    ]
    return Cells(
        names=tuple(columns),
        units=[UNITS[name] for name in columns],
        rows=list(zip(*texts, strict=True)),
    )


IN_HEADER = {"f_sum": "Jy*Hz", "err_f_sum": "Jy*Hz", "w20": "Hz", "w50": "Hz"}
"""Units that depend on the cube: we write those of an axis of frequency."""
UNITS = {link.theirs: IN_HEADER.get(link.theirs, link.unit) for link in LINKS}
