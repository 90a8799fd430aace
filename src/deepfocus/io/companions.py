"""The dirty beam and the primary beam of a cube: FITS files beside it.

`<name>.psf.fits` and `<name>.pb.fits` lie beside `<name>.fits`; CASA's `<name>.image.fits`
shares them with `<name>`. Ours say in the keys DFCHn at which channels their planes lie;
others carry one plane a channel or one plane in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.io.fits_image import read_image

SUFFIXES = (".fits.gz", ".fits", ".fit", ".fts")
CASA_PRODUCTS = (".image.pbcor", ".image", ".dirty", ".residual")
NONE = "none"
"""Value of the keys DFPSF and DFPB of a cube that was written without that companion."""


def base_name(path: Path) -> str:
    """File name without the suffix of FITS."""
    name = Path(path).name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


@dataclass(frozen=True, eq=False)
class Planes:
    """values : (k, y, x) at channels (k,) of the cube."""

    values: np.ndarray
    channels: np.ndarray


def find_companion(path: Path, header: fits.Header, kind: str) -> Path | None:
    """The file of `kind` ('psf' or 'pb') that belongs to the cube at `path`, if there is one."""
    named = header.get({"psf": "DFPSF", "pb": "DFPB"}[kind])
    if named is not None:
        beside = path.with_name(Path(str(named)).name)
        return beside if named != NONE and beside.is_file() else None
    name = base_name(path)
    stems = [name, *(name.removesuffix(end) for end in CASA_PRODUCTS if name.endswith(end))]
    for stem in stems:
        for suffix in (".fits", ".fits.gz"):
            candidate = path.with_name(f"{stem}.{kind}{suffix}")
            if candidate.is_file() and candidate != path:
                return candidate
    return None


def read_planes(path: Path, grid: Grid) -> Planes:
    """The planes of a companion and the channels of the cube they belong to.

    Of a file with more than three planes the first, middle and last are kept: in between, a
    beam scales with frequency. Raises `DeepFocusError` for a file that is no companion.
    """
    image = read_image(path)
    n = len(image.data)
    marked = [image.header.get(f"DFCH{i + 1}") for i in range(n)]
    if all(channel is not None for channel in marked):
        return Planes(image.data, np.array(marked, dtype=float))
    chans = len(grid.freq_hz)
    if n == 1:
        return Planes(image.data, np.array([(chans - 1) / 2]))
    order = np.argsort(grid.freq_hz)
    channels = np.interp(image.axes.freq_hz, grid.freq_hz[order], np.arange(chans)[order])
    offset = np.abs(grid.frequency_at(channels) - image.axes.freq_hz).max()
    if offset > grid.channel_width_hz:
        raise DeepFocusError(
            f"{path} covers other frequencies than the cube",
            wanted="the channels of the cube",
            remedy="make both by the same imaging run",
        )
    keep = np.unique([0, n // 2, n - 1])
    return Planes(image.data[keep], channels[keep])


def as_psf(planes: Planes, path: Path) -> Planes:
    """The same, after a check that each plane is a dirty beam: finite, peak 1 at [size // 2]."""
    values = np.nan_to_num(planes.values)
    k, ny, nx = values.shape
    peaks = values.reshape(k, -1).max(axis=1)
    centres = values[:, ny // 2, nx // 2]
    if np.any(peaks <= 0) or np.any(centres < 0.999 * peaks):
        raise DeepFocusError(
            f"{path} is not a dirty beam with its peak at pixel [{ny // 2}, {nx // 2}]",
            wanted="a PSF centred as CASA's",
            remedy="remove the file, or replace it",
        )
    return Planes((values / centres[:, None, None]).astype(np.float32), planes.channels)


def as_primary_beam(planes: Planes, path: Path, grid: Grid) -> Planes:
    """The same, after a check that it covers the cube's image."""
    if planes.values.shape[1:] != (grid.ny, grid.nx):
        raise DeepFocusError(
            f"{path} has images of {planes.values.shape[2]} x {planes.values.shape[1]} pixels",
            wanted=f"{grid.nx} x {grid.ny}, as the cube",
            remedy="remove the file, or replace it",
        )
    return planes
