"""From positions and frequencies to pixels and channels, for lists that have no others."""

from __future__ import annotations

import numpy as np
from astropy import units as u
from astropy.coordinates import ICRS, BaseCoordinateFrame, SkyCoord

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid

ROUNDED_CHAN = 0.5
"""How far beyond the middle of the first and last channel a line's centre may lie."""


def grid_for(grid: Grid | None, *, who: str, why: str) -> Grid:
    """The grid. Raises `DeepFocusError` if there is none.

    who, why : the program, and what its lists leave open
    """
    if grid is None:
        raise DeepFocusError(
            f"no grid for a list of {who}: {why}",
            wanted="the grid of the cube that was searched",
            remedy="give grid=cube.grid, with cube = deepfocus.read(its path)",
        )
    return grid


def pixels_at(
    grid: Grid,
    ra_deg: np.ndarray,
    dec_deg: np.ndarray,
    *,
    whose: str,
    frame: BaseCoordinateFrame,
) -> tuple[np.ndarray, np.ndarray]:
    """0-based pixels x, y of positions in a frame; NaN where the projection has none.

    whose : the file, for errors

    Raises `DeepFocusError` if nobody knows the frame of the grid, or if none of the positions lies
    in its image.
    """
    if grid.frame is None:
        raise DeepFocusError(
            "the frame of the cube's sky axes is not known, so a position on the sky has no pixel",
            wanted="a cube with equatorial or galactic axes",
            remedy="correct RADESYS and CTYPE in its header",
        )
    if len(ra_deg) == 0:
        return np.zeros(0), np.zeros(0)
    spherical = on_sky(ra_deg, dec_deg, frame, whose=whose).transform_to(grid.frame).spherical
    x, y = grid.sky.all_world2pix(spherical.lon.deg, spherical.lat.deg, 0, quiet=True)
    within = (np.abs(x - (grid.nx - 1) / 2) <= grid.nx / 2) & (
        np.abs(y - (grid.ny - 1) / 2) <= grid.ny / 2
    )
    if not within.any():
        raise DeepFocusError(
            f"no source of {whose} lies in the image, the first at pixel ({x[0]:.1f}, {y[0]:.1f})",
            wanted="the grid of the cube that was searched",
            remedy="give grid= of that cube",
        )
    return np.asarray(x, float), np.asarray(y, float)


def on_sky(
    longitude_deg: np.ndarray, latitude_deg: np.ndarray, frame: BaseCoordinateFrame, *, whose: str
) -> SkyCoord:
    """Positions in a frame. Raises `DeepFocusError` for a latitude beyond the poles.

    whose : the file, for the error
    """
    try:
        return SkyCoord(longitude_deg, latitude_deg, unit="deg", frame=frame)
    except ValueError as error:
        raise DeepFocusError(
            f"a position in {whose} is none: {next(iter(str(error).splitlines()), 'out of range')}",
            wanted="latitudes from -90 to 90 degrees",
            remedy="correct the file",
        ) from error


def equatorial_frame(grid: Grid | None) -> BaseCoordinateFrame:
    """That of right ascension and declination in the image's header; ICRS if it has others."""
    if grid is None or grid.frame is None or grid.frame.name == "galactic":
        return ICRS()
    return grid.frame


def positions_in(frame: BaseCoordinateFrame, found: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """(source,) right ascension and declination, deg, in an equatorial frame."""
    if not len(found):
        return np.zeros(0), np.zeros(0)
    there = SkyCoord(found["ra"], found["dec"], unit="deg", frame="icrs").transform_to(frame)
    return np.asarray(there.ra.deg), np.asarray(there.dec.deg)


def channels_at(
    grid: Grid, frequency_hz: np.ndarray, *, whose: str, rounded_hz: float = 0.0
) -> np.ndarray:
    """Fractional channels of frequencies: the inverse of `Grid.frequency_at` in the band.

    whose : the file, for the error
    rounded_hz : by how much the list may have rounded them

    Raises `DeepFocusError` if the cube has no frequencies, or one is outside its band.
    """
    frequency_hz = np.asarray(frequency_hz, float)
    if grid.nominal:
        raise DeepFocusError(
            f"{whose} gives frequencies, and the cube's velocities have no rest frequency",
            wanted="a cube whose frequencies are known",
            remedy="read it with rest_frequency='230.538 GHz', or what its line has",
        )
    width = grid.channel_width_hz
    reach = (ROUNDED_CHAN * width if np.isfinite(width) else np.inf) + rounded_hz
    low, high = grid.freq_hz.min() - reach, grid.freq_hz.max() + reach
    outside = (frequency_hz < low) | (frequency_hz > high)
    if outside.any():
        raise DeepFocusError(
            f"{whose} has a source at {frequency_hz[outside][0] / 1e9:.6g} GHz, outside the band "
            f"of {grid.freq_hz.min() / 1e9:.6g} to {grid.freq_hz.max() / 1e9:.6g} GHz",
            wanted="the grid of the cube that was searched",
            remedy="give grid= of that cube",
        )
    if len(grid.freq_hz) == 1:
        return np.where(np.isfinite(frequency_hz), 0.0, np.nan)
    index = np.arange(len(grid.freq_hz), dtype=float)
    order = np.argsort(grid.freq_hz)
    axis, at = grid.freq_hz[order], index[order]
    inside = np.interp(frequency_hz, axis, at)
    first = at[0] + (frequency_hz - axis[0]) * (at[1] - at[0]) / (axis[1] - axis[0])
    last = at[-1] + (frequency_hz - axis[-1]) * (at[-1] - at[-2]) / (axis[-1] - axis[-2])
    below, above = frequency_hz < axis[0], frequency_hz > axis[-1]
    channel: np.ndarray = np.where(below, first, np.where(above, last, inside))
    return channel


def in_unit(values: np.ndarray, given: str, wanted: str, *, what: str) -> np.ndarray:
    """Values in another unit. Raises `DeepFocusError` where that cannot be had.

    what : the column and its file
    """
    try:
        factor = u.Unit(given).to(wanted)
    except (ValueError, TypeError, u.UnitConversionError) as error:
        raise DeepFocusError(
            f"{what} is in '{given}'",
            wanted=f"a unit that can be converted to {wanted}",
            remedy="correct the unit in the file, or take the column out",
        ) from error
    return np.asarray(values, float) * float(factor)
