"""Companion files of a cube: its dirty beam and its primary beam, as FITS.

`<name>.psf.fits` and `<name>.pb.fits` lie next to `<name>.fits`; CASA's `<name>.image.fits`
uses the same files. In files from this package, the keys DFCHn give the channels of the planes;
other files have one plane per channel, or a single plane.
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
"""Value of the key DFPSF or DFPB in a cube that was written without that companion."""


def base_name(path: Path) -> str:
    """File name without its FITS suffix."""
    name = Path(path).name
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


@dataclass(frozen=True, eq=False)
class Planes:
    """values : (k, y, x) at the cube's channels (k,)."""

    values: np.ndarray
    channels: np.ndarray


def find_companion(path: Path, header: fits.Header, kind: str) -> Path | None:
    """The file of `kind` ('psf' or 'pb') that belongs to the cube at `path`; None without one."""
    named = header.get({"psf": "DFPSF", "pb": "DFPB"}[kind])
    if named is not None:
        companion = path.with_name(Path(str(named)).name)
        return companion if named != NONE and companion.is_file() else None
    name = base_name(path)
    stems = [name, *(name.removesuffix(end) for end in CASA_PRODUCTS if name.endswith(end))]
    for stem in stems:
        for suffix in (".fits", ".fits.gz"):
            candidate = path.with_name(f"{stem}.{kind}{suffix}")
            if candidate.is_file() and candidate != path:
                return candidate
    return None


def read_planes(path: Path, grid: Grid) -> Planes:
    """The planes of a companion, and the cube's channels that they belong to.

    If a file has more than three planes, only the first, middle and last are kept: between
    them, a beam scales with frequency. Raises `DeepFocusError` if the file cannot be read or
    covers other frequencies.
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
    """The planes scaled to a central peak of 1, with NaN set to 0.

    Raises `DeepFocusError` unless each plane peaks at [ny // 2, nx // 2], as a dirty beam does.
    """
    values = np.nan_to_num(planes.values)
    k, ny, nx = values.shape
    peaks = values.reshape(k, -1).max(axis=1)
    centres = values[:, ny // 2, nx // 2]
    if np.any(peaks <= 0) or np.any(centres < 0.999 * peaks):
        raise DeepFocusError(
            f"{path} is not a dirty beam with its peak at pixel [{ny // 2}, {nx // 2}]",
            wanted="a PSF centred like CASA's",
            remedy="remove the file, or replace it",
        )
    return Planes((values / centres[:, None, None]).astype(np.float32), planes.channels)


def as_primary_beam(planes: Planes, path: Path, grid: Grid) -> Planes:
    """The planes, unchanged. Raises `DeepFocusError` unless they have the cube's image size."""
    if planes.values.shape[1:] != (grid.ny, grid.nx):
        raise DeepFocusError(
            f"{path} has images of {planes.values.shape[2]} x {planes.values.shape[1]} pixels",
            wanted=f"{grid.nx} x {grid.ny}, the size of the cube's images",
            remedy="remove the file, or replace it",
        )
    return planes
