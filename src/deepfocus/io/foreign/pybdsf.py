"""PyBDSF's lists of Gaussians and of sources: FITS, or text (`format='ascii'` or 'csv').

https://pybdsf.readthedocs.io/en/latest/write_catalog.html describes the columns. PyBDSF searches an
image: what it measures is a flux density, and becomes `continuum`; a list has no channels. Sizes
are FWHMs on the sky; ours are its deconvolved ones, `DC_Maj`, `DC_Min` and `DC_PA`, where 0 says
that a source is not resolved. Its errors of RA are angles on the sky, not differences of RA.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.coordinates import FK4, FK5, BaseCoordinateFrame
from astropy.io import fits

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.cell_shape import ARCSEC_PER_DEG
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.sky_columns import with_sky_units
from deepfocus.io.foreign.ellipses import Axes, axes_of, shape_columns
from deepfocus.io.foreign.flux_density import flux_density_jy
from deepfocus.io.foreign.links import Link
from deepfocus.io.foreign.places import (
    channels_at,
    equatorial_frame,
    grid_for,
    in_unit,
    pixels_at,
    positions_in,
)
from deepfocus.io.foreign.texts import no_list, numbers_in, read_text_table, text_of

PYBDSF = "PyBDSF"
FITS = (".fits", ".fit")
SHAPES = "along the axis of DC_PA"
LINKS = (
    Link("Source_id", "", "id", "from 0 there; Gaus_id in a list of Gaussians"),
    Link("Gaus_id", "", "id", "from 0 there; Source_id in a list of sources"),
    Link("Isl_id", "", "parent_id", "from 0 there"),
    Link("RA", "deg", "ra"),
    Link("E_RA", "deg", "ra_err", "on the sky there: E_RA / cos(DEC)"),
    Link("DEC", "deg", "dec"),
    Link("E_DEC", "deg", "dec_err"),
    Link("Total_flux", "Jy", "continuum", "flux density"),
    Link("E_Total_flux", "Jy", "continuum_err"),
    Link("Peak_flux", "Jy/beam", "peak"),
    Link("E_Peak_flux", "Jy/beam", "peak_err"),
    Link("DC_Maj", "deg", "fwhm_x", SHAPES),
    Link("DC_Maj", "deg", "fwhm_y", SHAPES),
    Link("DC_Min", "deg", "fwhm_x", SHAPES),
    Link("DC_Min", "deg", "fwhm_y", SHAPES),
    Link("E_DC_Maj", "deg", "fwhm_x_err", SHAPES),
    Link("E_DC_Maj", "deg", "fwhm_y_err", SHAPES),
    Link("E_DC_Min", "deg", "fwhm_x_err", SHAPES),
    Link("E_DC_Min", "deg", "fwhm_y_err", SHAPES),
    Link("DC_PA", "deg", "pa"),
    Link("E_DC_PA", "deg", "pa_err"),
    Link("Xposn", "pix", "x", "written only: RA and DEC are read"),
    Link("Yposn", "pix", "y", "written only: RA and DEC are read"),
)
UNITS = {link.theirs: link.unit for link in LINKS}
NEEDED = ("RA", "DEC", "Total_flux")
REFERENCE = re.compile(r'Reference frequency of the detection \("ch0"\) image:\s*(\S+)\s*Hz')
EQUINOX = re.compile(r"Equinox\s*:\s*(\S+)")
UNRESOLVED = "its size is not resolved"
NO_SOURCES = ["Blank"]
"""Columns of a FITS file without sources."""


@dataclass(frozen=True)
class List:
    """The numbers of a list by column, and what its header says.

    frequency_hz : reference frequency of the image; NaN if it is not said
    equinox : of the positions, as in FITS; NaN if it is not said
    """

    columns: Mapping[str, np.ndarray]
    frequency_hz: float
    equinox: float

    def get(self, name: str) -> np.ndarray:
        """A column, (source,); NaN if there is none."""
        return self.columns.get(name, np.full(len(self.columns["RA"]), np.nan))


def read_pybdsf(path: Path, grid: Grid | None = None) -> Catalogue:
    """A list of PyBDSF.

    grid : of the image, or of a cube of the same field. `channel` is that of the reference
        frequency, at which PyBDSF states its flux densities; in a grid of one channel, that one

    Raises `DeepFocusError` if it is no such file, without a grid, if the reference frequency is not
    in its band, or if nothing says it and the grid has several channels.
    """
    table = _of_fits(path) if path.suffix.lower() in FITS else _of_text(path)
    grid = grid_for(grid, who=PYBDSF, why="it has no channels")
    count = len(table.columns["RA"])
    x, y = pixels_at(
        grid,
        table.columns["RA"],
        table.columns["DEC"],
        whose=str(path),
        frame=_frame(table, grid),
    )
    axes = Axes(*(table.get(name) * scale for name, scale in _SHAPE.items()))
    errors = Axes(*(table.get(f"E_{name}") * scale for name, scale in _SHAPE.items()))
    found = catalogue(
        rows=count,
        x=x,
        y=y,
        channel=np.full(count, _channel(table, grid, path)),
        dec_err=table.get("E_DEC"),
        ra_err=table.get("E_RA") / np.cos(np.deg2rad(table.columns["DEC"])),
        continuum=1e3 * table.columns["Total_flux"],
        continuum_err=1e3 * table.get("E_Total_flux"),
        peak=1e3 * table.get("Peak_flux"),
        peak_err=1e3 * table.get("E_Peak_flux"),
        warning=np.where(axes.major == 0, UNRESOLVED, ""),
        **_identity(table),
        **shape_columns(_resolved(axes), _resolved(errors, axes), grid),
    )
    return with_sky_units(found, grid)


def write_pybdsf(found: Catalogue, path: Path, grid: Grid | None = None) -> None:
    """Write accepted sources as PyBDSF's list of sources, FITS or text by the suffix.

    grid : of the cube, in whose frame positions are written; ICRS without it

    The flux density is that of line and continuum at the line's centre (`flux_density_jy`), so that
    the line of a list that is read again stands in its continuum. Sizes as seen through the beam,
    `Maj`, `Min` and `PA`, are nan: nothing in a catalogue says the beam.
    """
    sources = found.accepted
    ra, dec = positions_in(_frame_to_write(grid), sources)
    flux, flux_err = flux_density_jy(sources, grid)
    axes, errors = axes_of({name: sources[name] for name in SIZES})
    columns = {
        "Source_id": sources["id"] - 1,
        "Isl_id": np.maximum(np.where(sources["parent_id"] > 0, sources["parent_id"], sources["id"])
                             - 1, 0),
        "RA": ra,
        "E_RA": sources["ra_err"] * np.cos(np.deg2rad(sources["dec"])),
        "DEC": dec,
        "E_DEC": sources["dec_err"],
        "Total_flux": flux,
        "E_Total_flux": flux_err,
        "Peak_flux": sources["peak"] / 1e3,
        "E_Peak_flux": sources["peak_err"] / 1e3,
        "Xposn": sources["x"],
        "E_Xposn": sources["x_err"],
        "Yposn": sources["y"],
        "E_Yposn": sources["y_err"],
        **{f"{error}{name}": np.full(len(sources), np.nan)
           for name in ("Maj", "Min", "PA") for error in ("", "E_")},
        "DC_Maj": axes.major / ARCSEC_PER_DEG,
        "E_DC_Maj": errors.major / ARCSEC_PER_DEG,
        "DC_Min": axes.minor / ARCSEC_PER_DEG,
        "E_DC_Min": errors.minor / ARCSEC_PER_DEG,
        "DC_PA": axes.pa,
        "E_DC_PA": errors.pa,
    }  # fmt: skip
    frequency_hz = float(np.nanmean(sources["frequency"])) if _any(sources["frequency"]) else np.nan
    write = _write_fits if path.suffix.lower() in FITS else _write_text
    write(columns, frequency_hz, path)


_SHAPE = {"DC_Maj": ARCSEC_PER_DEG, "DC_Min": ARCSEC_PER_DEG, "DC_PA": 1.0}
SIZES = ("fwhm_x", "fwhm_y", "pa", "fwhm_x_err", "fwhm_y_err", "pa_err")
TEXT_UNITS = {"Maj": "deg", "Min": "deg", "PA": "deg", "E_Xposn": "pix", "E_Yposn": "pix"}


# --- reading
def _of_fits(path: Path) -> List:
    try:
        path.open("rb").close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters becomes an error below
            with fits.open(path) as hdus:
                table = next(hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU))
                header, names = table.header, table.columns.names
                columns = {
                    name: _in_our_unit(table.data[name], table.columns[name].unit, name, path)
                    for name in names
                    if name in UNITS
                }
                equinox = _number(header.get("EQUINOX"))
                frequency_hz = _number(header.get("FREQ0"))
    except DeepFocusError:
        raise
    except StopIteration:
        raise no_list(path, PYBDSF, "it holds no table") from None
    except Exception as error:  # astropy raises what it likes for a malformed file
        why = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), "damaged")
        raise no_list(path, PYBDSF, why) from error
    if names == NO_SOURCES:
        return List(dict.fromkeys(NEEDED, np.zeros(0)), frequency_hz, equinox)
    _refuse_others(columns, path)
    return List(columns, frequency_hz, equinox)


def _in_our_unit(values: np.ndarray, unit: str | None, name: str, path: Path) -> np.ndarray:
    """A column of FITS, where catalogues of surveys have PyBDSF's names and units of their own."""
    plain = np.array(values, float)
    if not (unit or "").strip() or not UNITS[name]:
        return plain
    return in_unit(plain, str(unit), UNITS[name], what=f"column '{name}' of {path}")


def _of_text(path: Path) -> List:
    lines = text_of(path, of=PYBDSF).splitlines()
    if "PyBDSF" in "".join(lines) and all(line.startswith("#") for line in lines if line.strip()):
        # of no source, it writes no names of columns either
        return List(dict.fromkeys(NEEDED, np.zeros(0)), np.nan, np.nan)
    table = read_text_table(
        path, of=PYBDSF, names_in=lambda words: set(NEEDED) <= set(words), separators=","
    )
    columns = {
        name: numbers_in(table, name, path=path, of=PYBDSF) for name in table.names if name in UNITS
    }
    head = "\n".join(table.head)
    frequency, equinox = REFERENCE.search(head), EQUINOX.search(head)
    return List(
        columns,
        np.nan if frequency is None else _number(frequency[1]),
        np.nan if equinox is None else _number(equinox[1]),
    )


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return np.nan


def _refuse_others(columns: Mapping[str, np.ndarray], path: Path) -> None:
    lacking = [name for name in NEEDED if name not in columns]
    if lacking:
        raise no_list(path, PYBDSF, f"it lacks the column {lacking[0]}")


def _frame(table: List, grid: Grid) -> BaseCoordinateFrame:
    """PyBDSF keeps the frame of the image, of which its header has no more than the equinox.

    That of 2000 may be ICRS or FK5: it is taken for that of the grid.
    """
    if table.equinox == 1950.0:
        return FK4(equinox="B1950")
    frame = equatorial_frame(grid)
    if np.isnan(table.equinox) or (table.equinox == 2000.0 and frame.name in ("icrs", "fk5")):
        return frame
    return FK5(equinox=f"J{table.equinox}")


def _frame_to_write(grid: Grid | None) -> BaseCoordinateFrame:
    """One of equinox 2000."""
    frame = equatorial_frame(grid)
    return frame if frame.name in ("icrs", "fk5") else FK5(equinox="J2000")


def _channel(table: List, grid: Grid, path: Path) -> float:
    if len(grid.freq_hz) == 1 or not len(table.columns["RA"]):
        return 0.0
    if not np.isfinite(table.frequency_hz):
        raise DeepFocusError(
            f"{path} does not say the frequency of its image, and the grid has "
            f"{len(grid.freq_hz)} channels",
            wanted="a list whose header has the reference frequency, or a grid of one channel",
            remedy="give the grid of the image: grid=deepfocus.read(image).grid",
        )
    return float(channels_at(grid, np.array([table.frequency_hz]), whose=str(path))[0])


def _identity(table: List) -> dict[str, np.ndarray]:
    columns = {}
    for theirs in ("Source_id", "Gaus_id"):  # of a list of Gaussians, the second counts
        if theirs in table.columns:
            columns["id"] = table.columns[theirs] + 1
    if "Isl_id" in table.columns:
        columns["parent_id"] = table.columns["Isl_id"] + 1
    return columns


def _resolved(axes: Axes, by: Axes | None = None) -> Axes:
    """NaN where a size, or that of `by`, is 0: the beam does not resolve it."""
    by = by or axes
    return Axes(
        np.where(by.major > 0, axes.major, np.nan),
        np.where(by.minor > 0, axes.minor, np.nan),
        np.where(by.major > 0, axes.pa, np.nan),
    )


# --- writing
def _write_fits(columns: Mapping[str, np.ndarray], frequency_hz: float, path: Path) -> None:
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(
                name,
                "J" if name.endswith("_id") else "D",
                unit=_unit(name) or None,
                array=np.asarray(values),
            )
            for name, values in columns.items()
        ]
    )
    table.header["EQUINOX"] = 2000.0
    if np.isfinite(frequency_hz):
        table.header["FREQ0"] = (frequency_hz, "Reference frequency")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)


def _write_text(columns: Mapping[str, np.ndarray], frequency_hz: float, path: Path) -> None:
    mark = ", " if path.suffix.lower() == ".csv" else " "
    lines = ["# Source list of DeepFocus, with the columns of PyBDSF"]
    if np.isfinite(frequency_hz):
        said = 'Reference frequency of the detection ("ch0") image'
        lines.append(f"# {said}: {frequency_hz!r} Hz")
    lines += ["# Equinox : 2000.0 ", "", "# " + mark.join(columns)]
    for row in zip(*columns.values(), strict=True):
        cells = (
            f"{value:.0f}" if name.endswith("_id") else repr(float(value))
            for name, value in zip(columns, row, strict=True)
        )
        lines.append(mark.join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _unit(name: str) -> str:
    return UNITS.get(name) or TEXT_UNITS.get(name.removeprefix("E_"), "")


def _any(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).any())
