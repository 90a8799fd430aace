"""Reads a `Cube` from FITS, as written by ALMA's archive, CASA, AIPS, Miriad or this package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.noise import Noise
from deepfocus.io.brightness_unit import factor_to_jy_beam
from deepfocus.io.companions import (
    Planes,
    as_primary_beam,
    as_psf,
    base_name,
    find_companion,
    read_planes,
)
from deepfocus.io.fits_beam import read_beam
from deepfocus.io.fits_image import FitsImage, read_image
from deepfocus.io.noise_keys import noise_of_file

MIN_CHANNELS = 8
"""With fewer channels, a line cannot be told from its continuum."""

MAX_TURN_DEG = 1.0
"""Largest angle between north and the y axis for an image that counts as upright."""


def read_cube(path: Path, *, rest_hz: float | None = None) -> Cube:
    """Read a cube as float32 in Jy/beam (multiples are converted), NaN where blank.

    Companion files with the dirty beam and the primary beam are read too. ``meta["notes"]``
    says in words what was assumed or left out.

    path : FITS file, compressed or not; the cube may be in any HDU, its axes in any order
    rest_hz : rest frequency, Hz; overrides the header's

    Raises `DeepFocusError` if the file cannot be read as a cube.
    """
    path = Path(path)
    image = read_image(path, rest_hz=rest_hz)
    cube = cube_of_image(image, str(path), base_name(path))
    return with_companions(
        cube,
        psf=find_companion(path, image.header, "psf"),
        primary_beam=find_companion(path, image.header, "pb"),
    )


def cube_of_image(image: FitsImage, described: str, name: str) -> Cube:
    """The cube of an image, in Jy/beam. It takes over the image's array and converts it in place.

    described : what messages call it; name : the base name of its products
    Raises `DeepFocusError` for too few channels, or for a unit other than a flux density per beam.
    """
    if len(image.data) < MIN_CHANNELS:
        n = len(image.data)
        raise DeepFocusError(
            f"{described} has {n} channel{'s' if n > 1 else ''}",
            wanted=f"a cube of at least {MIN_CHANNELS} channels: lines are found in the spectrum",
            remedy="image with more channels, e.g. tclean(specmode='cube')",
        )
    factor, unit_notes = factor_to_jy_beam(image.header.get("BUNIT"), described)
    if factor != 1.0:
        np.multiply(image.data, np.float32(factor), out=image.data)
    grid = _grid_of(image)
    meta, meta_notes = _meta(image.header, name)
    notes = (*image.axes.notes, *unit_notes, *orientation_notes(grid), *meta_notes)
    return Cube(
        data=image.data,
        grid=grid,
        unit="Jy/beam",
        beam=read_beam(image.header, image.beams, image.beam_units),
        noise=_noise(image.header, meta),
        meta=_noted(meta, notes),
    )


def with_companions(cube: Cube, *, psf: Path | None, primary_beam: Path | None) -> Cube:
    """The cube with its beams from files. A file that does not fit is left out, with a note."""
    notes: list[str] = []
    dirty = _companion(psf, "psf", cube.grid, notes)
    primary = _companion(primary_beam, "pb", cube.grid, notes)
    if dirty and primary and not np.array_equal(dirty.channels, primary.channels):
        primary = _at_channels(primary, dirty.channels)
    channels = dirty.channels if dirty else primary.channels if primary else None
    return replace(
        cube,
        psf=dirty.values if dirty else None,
        psf_channels=channels,
        primary_beam=primary.values if primary else None,
        meta=_noted(cube.meta, (*cube.meta.get("notes", ()), *notes)),
    )


def _grid_of(image: FitsImage) -> Grid:
    _, ny, nx = image.data.shape
    axes = image.axes
    return Grid(axes.sky, ny, nx, axes.freq_hz, rest_hz=axes.rest_hz, specsys=axes.specsys)


def _noise(header: fits.Header, meta: Mapping[str, Any]) -> Noise | None:
    level = header.get("DFSIGMA")
    return noise_of_file(header.get("DFNOISE"), None if level is None else float(level), meta)


def _noted(meta: Mapping[str, Any], notes: tuple[str, ...]) -> dict[str, Any]:
    return {**meta, "notes": notes} if notes else dict(meta)


def orientation_notes(grid: Grid) -> list[str]:
    """A note if north is not up or east is not left, as position angles assume."""
    x, y = (grid.nx - 1) / 2, (grid.ny - 1) / 2
    centre = grid.sky_at(x, y)
    step = grid.cell_arcsec * u.arcsec
    centre_px = np.array([x, y])
    try:
        north, east = (
            np.array(grid.sky.world_to_pixel(centre.directional_offset_by(angle * u.deg, step)))
            - centre_px
            for angle in (0.0, 90.0)
        )
    except ValueError:  # the centre is not on the sky
        return []
    mirrored = east[0] * north[1] - east[1] * north[0] > 0
    turn = float(np.degrees(np.arctan2(-north[0], north[1])))
    found = [f"north is {turn:.1f} deg from the y axis"] if abs(turn) > MAX_TURN_DEG else []
    found += ["the image is mirrored"] if mirrored else []
    if not found:
        return []
    return [
        f"{' and '.join(found)}: position angles are from the y axis towards -x, not on the sky"
    ]


def _companion(companion: Path | None, kind: str, grid: Grid, notes: list[str]) -> Planes | None:
    """The companion's planes; None if it does not fit, and the notes then say why."""
    if companion is None:
        return None
    try:
        planes = read_planes(companion, grid)
        if kind == "psf":
            return as_psf(planes, companion)
        return as_primary_beam(planes, companion, grid)
    except DeepFocusError as error:
        notes.append(f"companion left out: {error.came}")
        return None


def _at_channels(planes: Planes, channels: np.ndarray) -> Planes:
    """Planes at other channels: linear interpolation, and the end planes beyond the ends."""
    if len(planes.channels) == 1:
        return Planes(np.repeat(planes.values, len(channels), axis=0), channels)
    order = np.argsort(planes.channels)
    at, values = planes.channels[order], planes.values[order]
    index = np.interp(channels, at, np.arange(len(at)))
    low = np.minimum(index.astype(int), len(at) - 2)
    weight = (index - low)[:, None, None]
    mixed = (1 - weight) * values[low] + weight * values[low + 1]
    return Planes(mixed.astype(np.float32), channels)


def _meta(header: fits.Header, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Provenance, and notes on it."""
    meta: dict[str, Any] = {}
    notes: tuple[str, ...] = ()
    try:
        meta.update(json.loads(header.get("DFMETA", "{}")))
    except (TypeError, ValueError):
        notes = ("the provenance in DFMETA cannot be read",)
    for key, kind in (("OBJECT", "object"), ("TELESCOP", "telescope"), ("ORIGIN", "origin")):
        if key in header and kind not in meta:
            meta[kind] = str(header[key])
    return meta | {"name": name}, notes
