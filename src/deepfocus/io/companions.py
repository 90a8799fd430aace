"""Companion files of a cube: its dirty beam and its primary beam, as FITS or CASA images.

`<name>.psf.fits` and `<name>.pb.fits` lie next to `<name>.fits`, and so do those of CASA and of
ALMA's archive (`product_names`). In files from this package, the keys DFCHn give the channels of
the planes; other files have one plane per channel, or a single plane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from astropy.wcs.utils import proj_plane_pixel_scales
from scipy import ndimage

from deepfocus.core.cube import Beam
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.memory import require_memory
from deepfocus.core.voxels import Voxels
from deepfocus.io.beam_planes import holds_anything, telling_planes
from deepfocus.io.casa_folder import is_casa_image
from deepfocus.io.fits_image import FitsImage, no_data
from deepfocus.io.image_file import image_by_parts
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.product_names import (
    KIND_OF_WORD,
    Kind,
    base_name,
    is_fits,
    is_image,
    product_name,
)

Choose = Callable[[Voxels, np.ndarray, np.ndarray], list[int]]
"""Those to keep of planes (n,), numbers of some of the data (plane, y, x) at frequencies (plane,).
"""
NONE = "none"
"""Value of the key DFPSF or DFPB in a cube that was written without that companion."""
KEYS = {Kind.PSF: "DFPSF", Kind.PRIMARY_BEAM: "DFPB"}
OTHER_CELL = 0.01
"""Relative difference of pixel sizes, from which on images do not belong together."""
OTHER_PLACE_PX = 2.0
"""Pixels that the same pixel of two images may be apart on the sky."""
LEAST_WITHIN = 0.5
"""Of a cube's channels, or of a companion's planes if they are fewer, that the other has too."""
MOST_WIDER, FEWEST_CELLS = 1.5, 6.0
"""A dirty beam's main lobe and the beam that was fitted to it differ by less; pixels of either,
from which on that is told."""
LARGEST_RESPONSE = 1.2
"""Of a primary beam: 1 on axis, and a little more where a mosaic's fields overlap."""
LARGEST_PERCENT = 100 * LARGEST_RESPONSE


@dataclass(frozen=True, eq=False)
class Planes:
    """values : (k, y, x) at the cube's channels (k,); sky : their WCS; unit : BUNIT."""

    values: np.ndarray
    channels: np.ndarray
    sky: WCS | None = None
    unit: str = ""


def find_companion(path: Path, header: fits.Header, kind: Kind) -> Path | None:
    """The file of a kind (PSF or PRIMARY_BEAM) that belongs to the cube at `path`, or None.

    It has the name of the same field. Else it is the one that the header of a cube from this
    package names, which says too where there is none.
    """
    named, own = header.get(KEYS[kind]), product_name(path)
    # what was corrected is stored without its beams, which are those of the image beside it
    if named == NONE and own.kind is not Kind.CORRECTED:
        return None
    found = [each for each in companions_beside(path) if product_name(each).kind is kind]
    if found or named in (None, NONE):
        return min(found, key=_preference, default=None)
    return _named(path.parent / Path(str(named)).name)


def _named(companion: Path) -> Path | None:
    """The file of a name, or the CASA image that importfits made of it; None without either."""
    if companion.is_file():
        return companion
    imported = companion.with_name(base_name(companion))
    return imported if is_casa_image(imported) else None


def companions_beside(path: Path) -> list[Path]:
    """The files and CASA images next to a cube that their names say are its beams."""
    return [other for other in products_beside(path) if product_name(other).kind in KEYS]


def products_beside(path: Path) -> list[Path]:
    """The files and CASA images next to one that are of the same field, by their names."""
    field = product_name(path).field
    try:
        others = list(path.parent.iterdir())
    except OSError:  # a folder that is not there, or that cannot be listed
        return []
    # a quick look before each name is taken apart
    start = field.split(".")[0]
    beside = [other for other in others if other.name.startswith(start) and other != path]
    return [other for other in beside if product_name(other).field == field and is_image(other)]


def _preference(path: Path) -> tuple[int, bool, int, str]:
    """Of several primary beams, `.pb` before `.flux` before the rest; plain files before others,
    and FITS before CASA images, for which a library is needed."""
    word = list(KIND_OF_WORD).index(product_name(path).word)
    return word, not is_fits(path), len(path.name), path.name


def read_planes(
    path: Path, grid: Grid, overrides: Overrides = NO_OVERRIDES, choose: Choose = telling_planes
) -> Planes:
    """The planes of a companion, and the cube's channels that they belong to.

    overrides : how the cube was read
    choose : which of the planes of a file that has one for every channel are kept

    Raises `DeepFocusError` if the file cannot be read, is empty, covers other frequencies or has
    pixels of another size.
    """
    with image_by_parts(path, overrides) as image:
        _refuse_other_cells(image, path, grid)
        keep, channels = _kept(image, path, grid, choose)
        _, ny, nx = image.data.shape
        require_memory(
            4.0 * len(keep) * ny * nx,
            f"{len(keep)} planes of {path}",
            remedy="remove the file, or replace it",
        )
        values = np.stack([image.data[plane] for plane in keep])
    if not np.isfinite(values).any():
        raise no_data(str(path))
    holds = np.array([holds_anything(plane) for plane in values])
    told = holds if holds.any() else slice(None)
    unit = str(image.header.get("BUNIT", ""))
    return Planes(values[told], channels[told], image.axes.sky, unit)


def _kept(image: FitsImage, path: Path, grid: Grid, choose: Choose) -> tuple[list[int], np.ndarray]:
    """The planes of a companion that are read, and the cube's channels that they belong to."""
    n, chans = len(image.data), len(grid.freq_hz)
    marked = [image.header.get(f"DFCH{i + 1}") for i in range(n)]
    if all(channel is not None for channel in marked):
        return list(range(n)), _within_band(np.array(marked, dtype=float), path, chans)
    if n == 1:
        return [0], np.array([(chans - 1) / 2])
    order = np.argsort(grid.freq_hz)
    channels = np.interp(image.axes.freq_hz, grid.freq_hz[order], np.arange(chans)[order])
    offsets = np.abs(grid.frequency_at(channels) - image.axes.freq_hz)
    # those of a cube that this one was cut out of have planes beyond it
    within = np.flatnonzero(offsets <= grid.channel_width_hz)
    if not len(within) or len(within) < LEAST_WITHIN * min(n, chans):
        raise DeepFocusError(
            f"{path} covers other frequencies than the cube",
            wanted="the channels of the cube",
            remedy="make both by the same imaging run",
        )
    if chans == 1:
        return [int(np.argmin(offsets))], np.zeros(1)
    keep = choose(image.data, within, image.axes.freq_hz)
    return keep, channels[keep]


def _within_band(marked: np.ndarray, path: Path, channels: int) -> np.ndarray:
    """Channels (plane,) that a companion says its planes belong to, if the cube has them."""
    if np.all(np.abs(marked - (channels - 1) / 2) <= channels / 2):
        return marked
    raise DeepFocusError(
        f"{path} is for channels {marked.min():g} to {marked.max():g} of another cube",
        wanted=f"channels of the cube, which has {channels}",
        remedy="cut both alike, or leave the file out",
    )


def as_psf(planes: Planes, path: Path) -> Planes:
    """The planes scaled to a central peak of 1, with NaN set to 0.

    Raises `DeepFocusError` unless each plane peaks at [ny // 2, nx // 2], as a dirty beam does: no
    sum of waves, all of them positive weights, is larger elsewhere, or as far below zero.
    """
    values = np.nan_to_num(planes.values)
    k, ny, nx = values.shape
    peaks = np.abs(values).reshape(k, -1).max(axis=1)
    centres = values[:, ny // 2, nx // 2]
    if np.any(peaks <= 0) or np.any(centres < 0.999 * peaks):
        raise DeepFocusError(
            f"{path} is not a dirty beam with its peak at pixel [{ny // 2}, {nx // 2}]",
            wanted="a PSF centred like CASA's",
            remedy="remove the file, or replace it",
        )
    return replace(planes, values=(values / centres[:, None, None]).astype(np.float32))


def refuse_other_beam(planes: Planes, path: Path, beam: Beam, grid: Grid) -> None:
    """Raises `DeepFocusError` if the cube's beam was not fitted to the main lobe of a dirty beam.

    By its area above half of the peak; of a beam of few pixels that says little.
    """
    cells = beam.major_arcsec * beam.minor_arcsec / grid.cell_arcsec**2
    plane = planes.values[len(planes.values) // 2]
    numbers, _ = ndimage.label(plane >= 0.5)
    lobe = np.count_nonzero(numbers == numbers[tuple(n // 2 for n in plane.shape)])
    wider = float(np.sqrt(lobe / (np.pi / 4 * cells)))
    told = cells >= FEWEST_CELLS and lobe >= FEWEST_CELLS
    if told and not 1 / MOST_WIDER < wider < MOST_WIDER:
        raise DeepFocusError(
            f"{path} has a main lobe {wider:.2g} times as wide as the cube's beam",
            wanted="the dirty beam of the cube",
            remedy="remove the file, or replace it",
        )


def as_primary_beam(planes: Planes, path: Path, grid: Grid) -> tuple[Planes, tuple[str, ...]]:
    """The planes as responses, 1 on axis, NaN where there is none; and notes.

    Percent are divided by 100; of CASA's `.weight`, which goes with the response squared, the
    square root is taken. Raises `DeepFocusError` unless they show the same part of the sky as the
    cube, with values that a response has.
    """
    values = planes.values
    if values.shape[1:] != (grid.ny, grid.nx):
        raise DeepFocusError(
            f"{path} has images of {values.shape[2]} x {values.shape[1]} pixels",
            wanted=f"{grid.nx} x {grid.ny}, the size of the cube's images",
            remedy="remove the file, or replace it",
        )
    if planes.sky is not None and apart_px(planes.sky, grid) > OTHER_PLACE_PX:
        raise DeepFocusError(
            f"{path} shows another part of the sky than the cube",
            wanted="the primary beam of the cube's own field",
            remedy="remove the file, or replace it",
        )
    word, notes = product_name(path).word, tuple[str, ...]()
    if "jy" in planes.unit.lower() and word != "pb":
        raise DeepFocusError(
            f"{path} is in {planes.unit}",
            wanted="a primary beam: responses without a unit",
            remedy="rename it, or name the primary beam",
        )
    if word == "weight":
        values = np.sqrt(np.maximum(values, 0.0) / max(float(np.nanmax(values)), 1e-30))
        notes = (f"{path.name}: weights, taken as the primary beam squared",)
    highest = float(np.nanmax(values))
    if LARGEST_PERCENT / 3 < highest <= LARGEST_PERCENT:
        values = values / np.float32(100)
        notes = (f"{path.name} is in percent",)
    elif not 0 < highest <= LARGEST_RESPONSE:
        raise DeepFocusError(
            f"{path} has values up to {highest:.3g}",
            wanted="a primary beam: responses, 1 on axis",
            remedy="remove the file, or replace it",
        )
    seen = np.where(values > 0, values, np.float32(np.nan)).astype(np.float32)
    return replace(planes, values=seen), notes


def _refuse_other_cells(image: FitsImage, path: Path, grid: Grid) -> None:
    cells, wanted = (proj_plane_pixel_scales(each) * 3600 for each in (image.axes.sky, grid.sky))
    if np.any(np.abs(cells / wanted - 1) > OTHER_CELL):
        raise DeepFocusError(
            f"{path} has pixels of {cells[0]:.4g} x {cells[1]:.4g} arcsec",
            wanted=f"{wanted[0]:.4g} x {wanted[1]:.4g}, as the cube has",
            remedy="make both by the same imaging run",
        )


def apart_px(sky: WCS, grid: Grid) -> float:
    """Largest distance on the sky between the same pixels of two images, in pixels."""
    corners = np.array([[0, 0], [grid.nx - 1, grid.ny - 1], [(grid.nx - 1) / 2, (grid.ny - 1) / 2]])
    lon, lat = (grid.sky.wcs_pix2world(corners, 0) - sky.wcs_pix2world(corners, 0)).T
    lon = (lon + 180) % 360 - 180
    if not np.isfinite(lon).any():
        return 0.0
    at = np.deg2rad(grid.sky.wcs_pix2world(corners, 0)[:, 1])
    apart = np.hypot(lon * np.cos(at), lat) * 3600 / grid.cell_arcsec
    return float(np.nanmax(apart))
