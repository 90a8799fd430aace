"""CASA's component lists: the casacore table that `cl.open` reads, and tasks such as simobserve.

One row a component: a flux density in Stokes I, Jy, at a frequency; a point or a Gaussian; and a
spectrum, which is constant where we write it. The columns are those that CASA itself makes
(casacore, components/ComponentModels/ComponentList.cc). python-casacore reads and writes them.

A component is a model of the sky: its Gaussian is deconvolved, as ours is. Direction and frequency
are kept with the names of their frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from astropy.coordinates import FK4, FK5, ICRS, BaseCoordinateFrame, Galactic

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.sky_columns import with_sky_units
from deepfocus.io.foreign.casa_table import CASA, Row, read_rows, write_rows
from deepfocus.io.foreign.ellipses import Axes, axes_of, shape_columns
from deepfocus.io.foreign.flux_density import flux_density_jy
from deepfocus.io.foreign.links import Link
from deepfocus.io.foreign.places import channels_at, grid_for, in_unit, on_sky, pixels_at
from deepfocus.io.foreign.texts import no_list

SHAPES = "Gaussian: major axis, minor axis and angle"
LINKS = (
    Link("Label", "", "id", "the number that it is, or ends in"),
    Link("Reference_Direction", "rad", "ra"),
    Link("Reference_Direction", "rad", "dec"),
    Link("Direction_Error", "rad", "ra_err", "on the sky there, latitude first"),
    Link("Direction_Error", "rad", "dec_err", "latitude first"),
    Link("Reference_Frequency", "Hz", "frequency"),
    Link("Flux", "Jy", "continuum", "Stokes I"),
    Link("Flux_Error", "Jy", "continuum_err", "Stokes I"),
    Link("Shape_Parameters", "rad", "fwhm_x", SHAPES),
    Link("Shape_Parameters", "rad", "fwhm_y", SHAPES),
    Link("Shape_Parameters", "rad", "pa", SHAPES),
    Link("Shape_Error", "rad", "fwhm_x_err", SHAPES),
    Link("Shape_Error", "rad", "fwhm_y_err", SHAPES),
    Link("Shape_Error", "rad", "pa_err", SHAPES),
)
DIRECTIONS: dict[str, BaseCoordinateFrame] = {
    "J2000": FK5(equinox="J2000"),
    "ICRS": ICRS(),
    "B1950": FK4(equinox="B1950"),
    "GALACTIC": Galactic(),
}
FREQUENCIES = {"LSRK": "LSRK", "BARYCENT": "BARY", "TOPOCENT": "TOPO", "GEOCENTR": "GEO",
               "LSRD": "LSRD", "GALACTOC": "GALACTO", "LOCALGRP": "LGROUP"}  # fmt: skip
"""What CASA calls the frames of FITS's SPECSYS."""
RAD_ARCSEC = float(np.rad2deg(1.0) * 3600.0)
OTHER_SHAPE = "a {shape} in the component list: its size is no FWHM"


def read_casa(path: Path, grid: Grid | None = None) -> Catalogue:
    """A component list of CASA, the folder that `cl.rename` writes.

    grid : of the cube or image: directions and frequencies become pixels and channels of it. In a
        grid of one channel, all are in that one

    Points have sizes of 0. Sizes of discs and others are NaN, and a warning says so.

    Raises `DeepFocusError` if python-casacore is not installed, if it is no component list, if a
    flux is not in Stokes parameters or Jy, without a grid, or if a frequency is not in its band or
    in another frame than it.
    """
    rows = read_rows(path)
    grid = grid_for(grid, who=CASA, why="it has no pixels and channels")
    ra, dec = np.array([_direction(row, path) for row in rows], float).reshape(len(rows), 2).T
    x, y = pixels_at(grid, ra, dec, whose=str(path), frame=ICRS())
    axes = _axes([_shape(row, "Shape_Parameters") for row in rows])
    errors = _axes([_shape(row, "Shape_Error") for row in rows])
    error = np.array([row.get("Direction_Error", (np.nan, np.nan)) for row in rows], float)
    error = _known(np.rad2deg(error.reshape(len(rows), 2)))
    flux = np.array([_stokes_i(row, path) for row in rows], float).reshape(len(rows), 2)
    found = catalogue(
        rows=len(rows),
        x=x,
        y=y,
        channel=_channels(rows, grid, path),
        dec_err=error[:, 0],
        ra_err=error[:, 1] / np.cos(np.deg2rad(dec)),
        continuum=1e3 * flux[:, 0],
        continuum_err=1e3 * _known(flux[:, 1]),
        warning=[_warning(row) for row in rows],
        **_identity([str(row.get("Label", "")) for row in rows]),
        **shape_columns(axes, Axes(*map(_known, (errors.major, errors.minor, errors.pa))), grid),
    )
    return with_sky_units(found, grid)


def write_casa(found: Catalogue, path: Path, grid: Grid | None = None) -> None:
    """Write accepted sources as a component list, a folder.

    Fluxes are those of line and continuum at the line's centre (`flux_density_jy`), the same at all
    frequencies: `Constant`. A source whose size is not known, or 0, is a point. Frequencies are
    those of the grid's frame, LSRK without a grid.

    Raises `DeepFocusError` if python-casacore is not installed, or a source lacks what a component
    needs: position, frequency or flux.
    """
    sources = found.accepted
    flux, flux_err = flux_density_jy(sources, grid)
    for name, values in (("position", sources["ra"] + sources["dec"]),
                         ("frequency", sources["frequency"]), ("flux", flux)):  # fmt: skip
        if not np.isfinite(values).all():
            lacking = sources["id"][~np.isfinite(values)][0]
            raise DeepFocusError(
                f"source {lacking} has no {name}, which a component of CASA needs",
                wanted="sources whose position, frequency and flux are known",
                remedy="leave it out: write(catalogue.where(...), ...)",
            )
    axes, errors = axes_of({name: sources[name] for name in SIZES})
    frame = FREQUENCIES.get(grid.specsys, "LSRK") if grid is not None else "LSRK"
    rows = [
        {
            **_flux(flux[row], flux_err[row]),
            **_shape_cells(_row_of(axes, row), _row_of(errors, row)),
            **_place(source),
            **_spectrum(source, frame),
            "Label": f"{int(source['id'])}",
        }
        for row, source in enumerate(sources.rows)
    ]
    write_rows(rows, path)


SIZES = ("fwhm_x", "fwhm_y", "pa", "fwhm_x_err", "fwhm_y_err", "pa_err")


# --- reading
def _direction(row: Row, path: Path) -> tuple[float, float]:
    """ICRS right ascension and declination, deg."""
    frame = DIRECTIONS.get(str(row["Direction_Frame"]).upper())
    if frame is None:
        raise DeepFocusError(
            f"a component of {path} is in the frame {row['Direction_Frame']}",
            wanted=f"one of {', '.join(DIRECTIONS)}",
            remedy="convert it in CASA with cl.convertrefframe or cl.setrefdir",
        )
    longitude, latitude = row["Reference_Direction"]
    icrs = on_sky(np.rad2deg(longitude), np.rad2deg(latitude), frame, whose=str(path)).icrs
    return float(icrs.ra.deg), float(icrs.dec.deg)


def _channels(rows: list[Row], grid: Grid, path: Path) -> np.ndarray:
    if len(grid.freq_hz) == 1:
        return np.zeros(len(rows))
    ours = FREQUENCIES.get(grid.specsys, grid.specsys)
    for row in rows:
        frame = str(row["Frequency_Frame"])
        if frame != ours:
            raise DeepFocusError(
                f"a component of {path} has its frequency in the frame {frame}, the cube in {ours}",
                wanted="the same frame: they differ by up to 30 km/s",
                remedy="make the cube in that frame, or change it in CASA with cl.setfreq",
            )
    return channels_at(
        grid, np.array([row["Reference_Frequency"] for row in rows], float), whose=str(path)
    )


def _stokes_i(row: Row, path: Path) -> tuple[float, float]:
    """Stokes I and its error, Jy. Of correlations, it is the mean of the first and the last."""
    basis = str(row["Flux_Polarisation"])
    first, *_, last = np.real(np.asarray(row["Flux"], complex))
    error = float("nan")
    if basis == "Stokes":
        flux = first
        if "Flux_Error" in row:
            error = float(np.real(row["Flux_Error"][0]))
    elif basis in ("Linear", "Circular"):
        flux = (first + last) / 2
    else:
        raise no_list(path, CASA, f"a flux is given as '{basis}'")
    in_jy = in_unit(np.array([flux, error]), str(row["Flux_Unit"]), "Jy", what=f"a flux of {path}")
    return float(in_jy[0]), float(in_jy[1])


def _shape(row: Row, name: str) -> tuple[float, float, float]:
    """Major and minor FWHM, arcsec, and angle, deg; NaN where there is none; points are 0."""
    if str(row["Shape"]) == "Point":
        return (0.0, 0.0, np.nan)
    parameters = np.asarray(row.get(name, ()), float)
    if str(row["Shape"]) != "Gaussian" or len(parameters) != 3:
        return (np.nan, np.nan, np.nan)
    major, minor, angle = parameters
    return (major * RAD_ARCSEC, minor * RAD_ARCSEC, float(np.rad2deg(angle)))


def _axes(shapes: list[tuple[float, float, float]]) -> Axes:
    return Axes(*np.array(shapes, float).reshape(len(shapes), 3).T)


def _known(errors: np.ndarray) -> np.ndarray:
    """NaN for 0, which is how CASA says that it has no error."""
    known: np.ndarray = np.where(errors > 0, errors, np.nan)
    return known


def _warning(row: Row) -> str:
    shape = str(row["Shape"])
    return "" if shape in ("Point", "Gaussian") else OTHER_SHAPE.format(shape=shape)


def _identity(labels: list[str]) -> dict[str, np.ndarray]:
    ends = [label.rpartition(" ")[2] for label in labels]
    if len(set(ends)) < len(ends) or not all(end.isdecimal() for end in ends):
        return {}
    return {"id": np.array(ends, dtype=int)}


# --- writing
Shape = tuple[float, float, float]
"""Major and minor FWHM, arcsec, and position angle, deg."""


def _row_of(axes: Axes, row: int) -> Shape:
    return float(axes.major[row]), float(axes.minor[row]), float(axes.pa[row])


def _shape_cells(shape: Shape, error: Shape) -> dict[str, Any]:
    """A Gaussian, or a point where the size or the angle is not known, or the size 0."""
    major, minor, pa = shape
    if not (major > 0 and minor >= 0 and np.isfinite(pa)):
        return {"Shape": "Point", "Shape_Parameters": np.zeros(0), "Shape_Error": np.zeros(0)}
    per_unit = np.array([1 / RAD_ARCSEC, 1 / RAD_ARCSEC, np.deg2rad(1.0)])
    return {
        "Shape": "Gaussian",
        "Shape_Parameters": np.array(shape) * per_unit,
        "Shape_Error": np.nan_to_num(np.array(error) * per_unit),
    }


def _flux(flux: float, error: float) -> dict[str, Any]:
    return {
        "Flux": np.array([flux, 0, 0, 0], complex),
        "Flux_Unit": "Jy",
        "Flux_Polarisation": "Stokes",
        "Flux_Error": np.array([np.nan_to_num(error), 0, 0, 0], complex),
    }


def _place(source: Any) -> dict[str, Any]:
    error = (source["dec_err"], source["ra_err"] * np.cos(np.deg2rad(source["dec"])))
    return {
        "Reference_Direction": np.deg2rad([source["ra"], source["dec"]]),
        "Direction_Frame": "ICRS",
        "Direction_Error": np.nan_to_num(np.deg2rad(error)),
        "Direction_Error_Units": ["rad", "rad"],
    }


def _spectrum(source: Any, frame: str) -> dict[str, Any]:
    return {
        "Spectrum_Shape": "Constant",
        "Reference_Frequency": float(source["frequency"]),
        "Frequency_Frame": frame,
        "Frequency_Error": float(np.nan_to_num(source["frequency_err"])),
        "Frequency_Error_Units": "Hz",
        "Spectral_Parameters": np.zeros(0),
        "Spectral_Error": np.zeros(1),
    }
