"""Writes a `Cube` as FITS like CASA's: axes RA, Dec, FREQ and one Stokes I, float32.

The dirty beam and the primary beam go into companion files next to the cube. The cube is written
last, so if it exists, its companions do too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from deepfocus import __version__
from deepfocus.core.channels import channels_of_planes
from deepfocus.core.cube import Cube
from deepfocus.core.files import whole_file
from deepfocus.core.grid import Grid
from deepfocus.io.beams_table import with_beams
from deepfocus.io.carried_keys import set_carried
from deepfocus.io.companions import NONE
from deepfocus.io.product_names import base_name

COMMENTED = 50
"""A file name at least this long leaves no room for a comment on its card."""
PRIMARY_BEAM_LIMIT = 0.2
"""Response below which CASA's tclean blanks an image."""
LINEAR_WITHIN = 1e-6
"""Deviation, in channels, up to which channel centres count as equally spaced."""


def write_cube(
    cube: Cube, path: Path, *, header: Mapping[str, Any] | None = None
) -> tuple[Path, ...]:
    """Write the cube and its companions; return the paths, the cube's first.

    cube : its `meta` goes into the key DFMETA as JSON, and a seed in it also into DFSEED
    path : ends in .fits or .fits.gz
    header : additional keys for the cube's header

    Raises `DeepFocusError` if the folder cannot be written. Each file is written whole or not
    at all.
    """
    path = Path(path)
    beams = write_beams(cube, path)
    _write(cube_hdus(cube, beam_names(path), header=header), path)
    return (path, *beams)


def beam_names(path: Path) -> dict[str, str]:
    """What the files of a cube's dirty beam, `psf`, and primary beam, `pb`, are called."""
    return {kind: f"{base_name(path)}.{kind}.fits" for kind in ("psf", "pb")}


def write_beams(cube: Cube, path: Path) -> tuple[Path, ...]:
    """Write the companions of a cube at `path`, those that it has; return their paths."""
    written = []
    for kind, planes in (("psf", cube.psf), ("pb", cube.primary_beam)):
        if planes is not None:
            at = channels_of_planes(cube.psf_channels, len(planes), len(cube.grid.freq_hz))
            beam = path.with_name(beam_names(path)[kind])
            _write(_plane_hdus(cube, planes, at), beam)
            written.append(beam)
    return tuple(written)


def cube_hdus(
    cube: Cube, beams: Mapping[str, str], *, header: Mapping[str, Any] | None = None
) -> fits.HDUList:
    """The cube's file. beams : names of its companions; header : as for `write_cube`"""
    hdus = _hdus(cube.array, cube.grid)
    top = hdus[0].header
    _describe(top, cube)
    top["BUNIT"] = cube.unit
    for key, name, there, comment in (
        ("DFPSF", beams["psf"], cube.psf is not None, "dirty beam"),
        ("DFPB", beams["pb"], cube.primary_beam is not None, "primary beam"),
    ):
        # a long name leaves no room for a comment on the card
        top[key] = (name if there else NONE, comment if len(name) < COMMENTED else None)
    if cube.noise is not None and cube.noise.power.name is not None:
        top["DFNOISE"] = (cube.noise.power.name, "kind of the noise")
    if cube.noise is not None and cube.noise.level_jy_beam is not None:
        top["DFSIGMA"] = (cube.noise.level_jy_beam, "[Jy/beam] noise of a channel")
    if "seed" in cube.meta:
        top["DFSEED"] = (str(cube.meta["seed"]), "seed of the simulation")
    if cube.meta:
        top["DFMETA"] = json.dumps(dict(cube.meta), default=_plain)
    for key, value in (header or {}).items():
        top[key] = value
    return with_beams(hdus, cube.beams)


def write_corrected(cube: Cube, path: Path) -> Path:
    """Write the cube over its primary beam, as CASA's `.image.pbcor`; return the path.

    Blank where the primary beam is below `PRIMARY_BEAM_LIMIT`. The cube must have one.
    Raises `DeepFocusError` if the folder cannot be written.
    """
    assert cube.primary_beam is not None
    corrected = np.empty(cube.data.shape, np.float32)
    for channel, plane in enumerate(cube.data):
        corrected[channel] = corrected_plane(plane, cube.primary_beam_in(channel))
    _write(corrected_hdus(cube.with_data(corrected)), path)
    return path


def corrected_plane(plane: np.ndarray, response: np.ndarray) -> np.ndarray:
    """(y, x) over the primary beam, NaN where that is below `PRIMARY_BEAM_LIMIT`."""
    seen = response >= PRIMARY_BEAM_LIMIT
    corrected: np.ndarray = np.where(seen, plane / np.where(seen, response, 1.0), np.nan)
    return corrected


def corrected_hdus(cube: Cube) -> fits.HDUList:
    """The file of a cube that is corrected for its primary beam."""
    hdus = _hdus(cube.array, cube.grid)
    header = hdus[0].header
    _describe(header, cube)
    header["BUNIT"] = cube.unit
    for key in ("DFPSF", "DFPB"):
        header[key] = NONE
    if "seed" in cube.meta:
        header["DFSEED"] = (str(cube.meta["seed"]), "seed of the simulation")
    return with_beams(hdus, cube.beams)


def array_hdus(array: np.ndarray, cube: Cube, *, unit: str, kind: str) -> fits.HDUList:
    """Another array (chan, y, x) of the cube's shape, with its axes, beam and observation.

    kind : what its values are, for BTYPE
    """
    hdus = _hdus(array, cube.grid)
    header = hdus[0].header
    _describe(header, cube)
    header["BUNIT"], header["BTYPE"] = unit, kind
    return hdus


def image_hdus(image: np.ndarray, cube: Cube, *, unit: str, kind: str) -> fits.HDUList:
    """An image (y, x) of the cube's sky, with its beam and observation."""
    header = fits.Header()
    _set_sky(header, cube.grid)
    _set_rest(header, cube.grid)
    _describe(header, cube)
    header["BUNIT"], header["BTYPE"] = unit, kind
    return fits.HDUList([fits.PrimaryHDU(image, header=header)])


def cut_hdus(
    values: np.ndarray, cube: Cube, *, step_arcsec: float, unit: str, kind: str
) -> fits.HDUList:
    """A cut (chan, place) whose middle place is at offset 0, with the cube's channels."""
    header = fits.Header()
    header.update(CTYPE1="OFFSET", CUNIT1="arcsec", CRVAL1=0.0, CDELT1=step_arcsec)
    header["CRPIX1"] = values.shape[1] // 2 + 1.0
    table = _set_channels(header, cube.grid, axis=2)
    _set_rest(header, cube.grid)
    _describe(header, cube)
    header["BUNIT"], header["BTYPE"] = unit, kind
    image = fits.PrimaryHDU(values, header=header)
    return fits.HDUList([image] if table is None else [image, table])


def _describe(header: fits.Header, cube: Cube) -> None:
    header["BTYPE"] = "Intensity"
    for key, name in (("OBJECT", "object"), ("TELESCOP", "telescope")):
        if name in cube.meta:
            header[key] = _in_a_card(str(cube.meta[name]))
    set_carried(header, cube.meta)
    if cube.beam is not None:
        header["BMAJ"] = (cube.beam.major_arcsec / 3600.0, "[deg] FWHM")
        header["BMIN"] = (cube.beam.minor_arcsec / 3600.0, "[deg] FWHM")
        header["BPA"] = (cube.beam.pa_deg, "[deg] north through east")
    header["ORIGIN"] = f"deepfocus {__version__}"


def _in_a_card(text: str) -> str:
    """What FITS can hold of a text: printable ASCII, "?" for the rest."""
    plain = text.encode("ascii", "replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in plain)


def _hdus(data: np.ndarray, grid: Grid, *, linear_within_hz: float = 0.0) -> fits.HDUList:
    """A primary HDU (stokes, chan, y, x), and a table of frequencies if they are not linear.

    linear_within_hz : deviation up to which they still count as linear
    """
    header = fits.Header()
    _set_sky(header, grid)
    table = _set_channels(header, grid, axis=3, linear_within_hz=linear_within_hz)
    header.update(CTYPE4="STOKES", CRVAL4=1.0, CRPIX4=1.0, CDELT4=1.0)
    _set_rest(header, grid)
    values = data if np.issubdtype(data.dtype, np.integer) else np.asarray(data, np.float32)
    image = fits.PrimaryHDU(values[None], header=header)
    return fits.HDUList([image] if table is None else [image, table])


def _set_sky(header: fits.Header, grid: Grid) -> None:
    """Set the keys of axes 1 and 2, and of their frame."""
    sky = grid.sky
    header.update(sky.to_header(relax=True))
    header.remove("WCSAXES", ignore_missing=True)
    for axis in (0, 1):
        # to_header writes twelve digits; these are exact
        header[f"CRVAL{axis + 1}"] = float(sky.wcs.crval[axis])
        header[f"CRPIX{axis + 1}"] = float(sky.wcs.crpix[axis])
        if not sky.wcs.has_cd():
            header[f"CDELT{axis + 1}"] = float(sky.wcs.cdelt[axis])


def _set_channels(
    header: fits.Header, grid: Grid, *, axis: int, linear_within_hz: float = 0.0
) -> fits.BinTableHDU | None:
    """Set the keys of the spectral axis; return the table they refer to, if there is one."""
    if grid.nominal:
        _set_velocities(header, grid, axis)
        return None
    return _set_frequencies(header, grid, axis, linear_within_hz)


def _set_rest(header: fits.Header, grid: Grid) -> None:
    """Set the keys of what frequencies and velocities are about."""
    if grid.rest_hz and not grid.nominal:
        header["RESTFRQ"] = (float(grid.rest_hz), "[Hz] rest frequency")
    header["SPECSYS"] = grid.specsys


def _set_velocities(header: fits.Header, grid: Grid, axis: int) -> None:
    """Set the keys of an axis to velocities, for a grid without frequencies of the sky."""
    n = len(grid.freq_hz)
    at_ms = grid.velocity_kms(np.arange(n)) * 1e3
    width_ms = float(grid.width_kms(1.0, 0.0)) * 1e3
    only = width_ms if np.isfinite(width_ms) else 1.0
    step = float(at_ms[-1] - at_ms[0]) / (n - 1) if n > 1 else only
    keys = {"CTYPE": "VRAD", "CUNIT": "m/s", "CRVAL": float(at_ms[0]), "CRPIX": 1.0, "CDELT": step}
    _set_axis(header, axis, keys)


def _set_frequencies(
    header: fits.Header, grid: Grid, axis: int, linear_within_hz: float
) -> fits.BinTableHDU | None:
    """Set the keys of an axis; return the table they refer to if the channels are uneven."""
    freq_hz = np.asarray(grid.freq_hz, dtype=float)
    n = len(freq_hz)
    step = (freq_hz[-1] - freq_hz[0]) / (n - 1) if n > 1 else grid.only_width_hz or 1.0
    straight = freq_hz[0] + step * np.arange(n)
    if np.abs(straight - freq_hz).max() <= max(LINEAR_WITHIN * abs(step), linear_within_hz):
        first = {"CRVAL": float(freq_hz[0]), "CRPIX": 1.0, "CDELT": float(step)}
        _set_axis(header, axis, {"CUNIT": "Hz", "CTYPE": "FREQ", **first})
        return None
    # the table lookup of FITS-WCS Paper III, section 6, which CASA does not read
    counted = {"CRVAL": 1.0, "CRPIX": 1.0, "CDELT": 1.0}
    _set_axis(header, axis, {"CUNIT": "Hz", "CTYPE": "FREQ-TAB", **counted})
    header.update({f"PS{axis}_0": "CHANNELS", f"PS{axis}_1": "FREQ"})
    column = fits.Column(
        "FREQ", format=f"{n}D", dim=f"(1,{n})", unit="Hz", array=freq_hz.reshape(1, n, 1)
    )
    return fits.BinTableHDU.from_columns([column], name="CHANNELS")


def _set_axis(header: fits.Header, axis: int, keys: Mapping[str, Any]) -> None:
    for key, value in keys.items():
        header[f"{key}{axis}"] = value


def _plane_hdus(cube: Cube, planes: np.ndarray, channels: np.ndarray) -> fits.HDUList:
    """Planes (k, y, x) centred on the cube's field, at channels (k,)."""
    k, ny, nx = planes.shape
    grid = cube.grid
    sky = grid.sky.deepcopy()
    if (ny, nx) != (grid.ny, grid.nx):
        sky.wcs.crpix = [
            sky.wcs.crpix[0] + nx // 2 - grid.nx // 2,
            sky.wcs.crpix[1] + ny // 2 - grid.ny // 2,
        ]
    at_hz = grid.frequency_at(channels)
    smaller = replace(grid, sky=sky, ny=ny, nx=nx, freq_hz=at_hz)
    # with an even number of channels, the middle one is half a channel off the line between both
    # ends: too little to change a beam, and the keys DFCHn below are exact
    half_channel = 0.51 * grid.channel_width_hz if len(grid.freq_hz) > 1 else 0.0
    hdus = _hdus(planes, smaller, linear_within_hz=half_channel)
    header = hdus[0].header
    _describe(header, cube)
    header["BUNIT"] = ""
    for i in range(k):
        header[f"DFCH{i + 1}"] = (float(channels[i]), "channel of the cube, from 0")
    return hdus


def _write(hdus: fits.HDUList, path: Path) -> None:
    with whole_file(path) as temporary:
        hdus.writeto(temporary, overwrite=True)


def _plain(value: Any) -> Any:
    """For values that JSON cannot store: numpy's as plain numbers and lists, the rest as text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)
