"""Reads a `Cube` from a CASA image, or from FITS as ALMA's archive, CASA, AIPS, Miriad or this
package write it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import fits

from deepfocus.core.cell_shape import SQUARE_WITHIN, elongation, in_words, stretch
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.noise import Noise
from deepfocus.core.orientation import image_angle, plane_at
from deepfocus.core.workspace import IN_MEMORY, OnDisk, Workspace
from deepfocus.io.beams_beside import Companions, with_companions
from deepfocus.io.blanks import HUGEST, find_blanks
from deepfocus.io.brightness_unit import brightness_of, factors_to_jy_beam, text_of
from deepfocus.io.carried_keys import OBSERVATION, carried_keys
from deepfocus.io.companions import find_companion
from deepfocus.io.fits_axes import A_CUBE
from deepfocus.io.fits_beam import Beams, read_beams
from deepfocus.io.fits_image import FitsImage, no_data
from deepfocus.io.flat_noise import with_flat_noise
from deepfocus.io.image_choice import is_of_the_sky
from deepfocus.io.image_file import image_by_parts, read_image
from deepfocus.io.jy_beam import Conversion, converted
from deepfocus.io.noise_keys import noise_of_file
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.plane_order import in_plane_order
from deepfocus.io.product_names import Kind, base_name, product_name
from deepfocus.io.restored_image import restored_by
from deepfocus.io.survey import Survey, survey_of

MAX_TURN_DEG = 1.0
"""Largest angle between north and the y axis for an image that counts as upright."""

OTHER_CELLS = 0.02
"""Relative difference of a cell's sides in the middle of an image from those at the reference of
its projection, from which on that is said."""
LONG_CELLS = 2.0
"""Longest over shortest extent of a cell, from which on filters that are round in pixels lose more
than 6% of the signal-to-noise of a source that is well resolved; of a point, they lose nothing."""


def read_cube(
    path: Path,
    overrides: Overrides = NO_OVERRIDES,
    *,
    psf: Path | None = None,
    primary_beam: Path | None = None,
    workspace: Workspace = IN_MEMORY,
) -> Cube:
    """Read a cube as float32 in Jy/beam (other brightnesses are converted), NaN where blank.

    Companion files with the dirty beam and the primary beam are read too, and an image that is
    named as corrected for its primary beam is multiplied by it: its noise is flat then.
    ``meta["notes"]`` says in words what was found, assumed or left out.

    path : FITS file, compressed or not; the cube may be in any HDU, its axes in any order. Or the
        folder of a CASA image, for which python-casacore has to be installed
    overrides : what replaces the header's
    psf, primary_beam : files to take instead of those of the same name
    workspace : of the cube; if it is on disk, the cube's data are read by parts, and the file has
        to stay as it is

    Raises `DeepFocusError` if the file cannot be read as a cube, or a given companion does not fit.
    """
    path = Path(path)
    image = _image(path, overrides, workspace)
    found, notes = (psf, ()) if psf else _dirty_beam(path, image, overrides, workspace)
    beside = Companions(
        psf=found,
        primary_beam=primary_beam or find_companion(path, image.header, Kind.PRIMARY_BEAM),
        given=tuple(each for each in (psf, primary_beam) if each is not None),
        overrides=replace(overrides, stokes=None, hdu=None),
    )
    image = replace(image, notes=(*image.notes, *notes))
    cube = cube_of_image(image, str(path), base_name(path), workspace)
    cube = with_companions(cube, beside)
    return with_flat_noise(cube) if product_name(path).kind is Kind.CORRECTED else cube


def _dirty_beam(
    path: Path, image: FitsImage, overrides: Overrides, workspace: Workspace
) -> tuple[Path | None, tuple[str, ...]]:
    """The PSF beside a cube, and notes; none for one that was restored with a beam of its own."""
    psf = find_companion(path, image.header, Kind.PSF)
    if psf is None or ("BMAJ" not in image.header and image.beams is None):
        return psf, ()
    folder = workspace.folder if isinstance(workspace, OnDisk) else None
    teller = restored_by(path, image.data, replace(overrides, hdu=None), folder=folder)
    if teller is None:
        return psf, ()
    said = f"{path.name} was restored after CLEAN, as {teller.name} tells: {psf.name} is left out, "
    return None, (
        said + "for a source looks like the restoring beam (--psf takes it all the same)",
    )


def _image(path: Path, overrides: Overrides, workspace: Workspace) -> FitsImage:
    """Whole, or read by parts."""
    if not isinstance(workspace, OnDisk):
        return read_image(path, overrides)
    with image_by_parts(path, overrides, folder=workspace.folder) as image:
        return in_plane_order(image, workspace, str(path))


def cube_of_image(
    image: FitsImage, described: str, name: str, workspace: Workspace = IN_MEMORY
) -> Cube:
    """The cube of an image, in Jy/beam. It takes over the image's array and converts it in place.

    described : what messages call it; name : the base name of its products
    Raises `DeepFocusError` for no data, or a unit other than a flux density per
    beam.
    """
    _refuse_nameless(image, described)
    grid = _grid_of(image)
    beams = read_beams(
        image.header,
        image.beams,
        image.beam_units,
        grid,
        polarisation=image.axes.polarisation,
    )
    factors, unit_notes = factors_of(image.header, beams, grid, described)
    survey = survey_of(image.data, workspace.values_at_once)
    _refuse_without_brightness(survey, described)
    blanks, blank_notes = find_blanks(image.data, survey, workspace.values_at_once)
    meta, meta_notes = _meta(image.header, name)
    notes = (
        *image.notes,
        *image.axes.notes,
        *unit_notes,
        *beams.notes,
        *blank_notes,
        *orientation_notes(grid),
        *cell_notes(grid),
        *meta_notes,
    )
    return Cube(
        data=converted(image.data, Conversion(blanks, factors)),
        grid=grid,
        unit="Jy/beam",
        beam=beams.typical,
        beams=beams.of_channels,
        noise=_noise(image.header, meta),
        meta=_noted(meta, notes),
        workspace=workspace,
    )


def _refuse_nameless(image: FitsImage, described: str) -> None:
    """Raise `DeepFocusError` for an image that says that it is no brightness."""
    if text_of(image.header.get("BUNIT")) or is_of_the_sky(image.header):
        return
    said = [str(image.header[key]) for key in ("EXTNAME", "BTYPE") if key in image.header]
    raise _no_brightness(f"{described} contains no image of the sky, but {' '.join(said)}")


def _refuse_without_brightness(survey: Survey, described: str) -> None:
    """Raise `DeepFocusError` for no data, for a mask, or where no value is credible."""
    if not survey.known.any():
        raise no_data(described)
    if np.nanmin(survey.lowest) > HUGEST or np.nanmax(survey.highest) < -HUGEST:
        raise _no_brightness(f"{described} contains no values but such beyond {HUGEST:g}")
    if survey.is_mask:
        raise _no_brightness(f"{described} contains no values but 0 and 1")


def _no_brightness(came: str) -> DeepFocusError:
    return DeepFocusError(came, wanted=A_CUBE, remedy="give the cube that it belongs to")


def factors_of(
    header: fits.Header, beams: Beams, grid: Grid, described: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """(chan,) factors that convert an image's values to Jy/beam, and notes.

    Raises `DeepFocusError` for a unit that is no brightness, or that needs a beam and has none, or
    for K where no frequency is known.
    """
    brightness = brightness_of(header.get("BUNIT"))
    if grid.nominal and brightness is not None and brightness.base is u.K:
        raise DeepFocusError(
            f"{described} is in K, on a velocity axis without a rest frequency",
            wanted="a frequency, to convert the values to Jy/beam",
            remedy="give --rest-frequency, or add RESTFRQ in Hz to the header",
        )
    return factors_to_jy_beam(
        header.get("BUNIT"),
        described,
        freq_hz=grid.freq_hz,
        beam_sr=beams.solid_angle_sr(),
        pixel_sr=(grid.cell_arcsec * u.arcsec.to(u.rad)) ** 2,
    )


def _grid_of(image: FitsImage) -> Grid:
    _, ny, nx = image.data.shape
    axes = image.axes
    return Grid(
        axes.sky,
        ny,
        nx,
        axes.freq_hz,
        rest_hz=axes.rest_hz,
        specsys=axes.specsys,
        nominal=axes.nominal,
        only_width_hz=axes.only_width_hz,
    )


def _noise(header: fits.Header, meta: Mapping[str, Any]) -> Noise | None:
    level = header.get("DFSIGMA")
    return noise_of_file(header.get("DFNOISE"), None if level is None else float(level), meta)


def _noted(meta: Mapping[str, Any], notes: tuple[str, ...]) -> dict[str, Any]:
    return {**meta, "notes": notes} if notes else dict(meta)


def orientation_notes(grid: Grid) -> list[str]:
    """A note if north is not up or east is not left, or the middle is not on the sky."""
    if grid.frame is None:
        return []
    middle = {"x": (grid.nx - 1) / 2, "y": (grid.ny - 1) / 2}
    north, east = (float(image_angle(grid, angle, **middle)) for angle in (0.0, 90.0))
    if not np.isfinite(north):
        return [
            "the middle of the image is outside its projection: no right ascension and declination "
            "there, x and y only"
        ]
    turn = (north + 180.0) % 360.0 - 180.0
    found = [f"north is {turn:.1f} deg from the y axis"] if abs(turn) > MAX_TURN_DEG else []
    found += ["the image is mirrored"] if (east - north) % 360.0 > 180.0 else []
    return [f"{' and '.join(found)}: position angles are on the sky"] if found else []


def cell_notes(grid: Grid) -> list[str]:
    """A note if cells are not square, or others than where the projection has its reference."""
    return [*_notes_on_shape(grid), *_notes_on_projection(grid)]


def _notes_on_projection(grid: Grid) -> list[str]:
    """Sizes of beams and pixels are those at the reference, which has to be near."""
    plane = plane_at(grid, x=(grid.nx - 1) / 2, y=(grid.ny - 1) / 2)
    here = np.linalg.svd(plane, compute_uv=False)
    there = np.linalg.svd(stretch(grid.sky), compute_uv=False)
    if np.abs(here / there - 1).max() < OTHER_CELLS:
        return []
    of_area, of_sides = float(np.prod(here)), float(here[0] / here[1])
    projection = str(grid.sky.wcs.ctype[0])[-3:]
    return [
        f"in the middle of the image, cells have {of_area:.2f} of the area that they have at the "
        f"reference of the {projection} projection, and sides of 1 to {of_sides:.2f}: fluxes, "
        "sizes and angles are off by as much; regrid it to SIN or TAN about its middle"
    ]


def _notes_on_shape(grid: Grid) -> list[str]:
    if grid.square_cells:
        return []
    said = f"cells of {in_words(grid.sky)}: sizes and angles are on the sky, and a size in pixels "
    said += f"counts in {grid.cell_arcsec:.3g} arcsec, the side of a square of the same area"
    if elongation(grid.sky) > LONG_CELLS * (1 + SQUARE_WITHIN):
        said += "; in cells this long, fewer faint sources that are well resolved are found"
    return [said]


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
    carried = carried_keys(header)
    if carried:
        meta[OBSERVATION] = carried
    return meta | {"name": name}, notes
