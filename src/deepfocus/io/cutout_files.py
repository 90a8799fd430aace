"""Files of one source: cubelet, mask, moments and spectrum, with their places on the sky."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.table import QTable

from deepfocus.core.cube import Cube
from deepfocus.core.files import whole_file
from deepfocus.io.regions import cut_region_text
from deepfocus.io.write_cube import array_hdus, cut_hdus, image_hdus, write_cube


def write_cubelet(cube: Cube, path: Path) -> Path:
    """A part of a cube, without its dirty beam; its part of the primary beam beside it."""
    write_cube(replace(cube, psf=None, noise=None), path)
    return path


def write_mask(mask: np.ndarray, cube: Cube, path: Path) -> Path:
    """Numbers (chan, y, x) of the sources that voxels belong to, 0 for none, as int16 or int32."""
    kind = np.int16 if mask.max(initial=0) < 2**15 else np.int32
    return _write(array_hdus(mask.astype(kind), cube, unit="", kind="Mask"), path)


def write_image(image: np.ndarray, cube: Cube, path: Path, *, unit: str, kind: str) -> Path:
    """An image (y, x) of the cube's sky. kind : what its values are, for BTYPE"""
    return _write(image_hdus(image.astype(np.float32), cube, unit=unit, kind=kind), path)


def write_cut(values: np.ndarray, cube: Cube, path: Path, *, step_arcsec: float) -> Path:
    """A cut (chan, place) through a source, which lies at offset 0."""
    hdus = cut_hdus(
        values.astype(np.float32), cube, step_arcsec=step_arcsec, unit=cube.unit, kind="Intensity"
    )
    return _write(hdus, path)


def write_cut_region(outline: np.ndarray, number: int, path: Path) -> Path:
    """The source in its cut, for DS9. outline : (n, 2) corners (place, channel)"""
    with whole_file(path) as temporary:
        temporary.write_text(cut_region_text(outline, number), encoding="utf-8")
    return path


def write_spectrum(
    cube: Cube, path: Path, *, flux_jy: np.ndarray, flux_err_jy: float, peak_jy_beam: np.ndarray
) -> Path:
    """(chan,) columns, as .ecsv or .fits by the path's suffix."""
    at = np.arange(len(cube.grid.freq_hz))
    table = QTable(
        {
            "channel": at,
            "frequency": cube.grid.sky_frequency_at(at) * u.Hz,
            "velocity": np.asarray(cube.grid.velocity_kms(at), float) * u.km / u.s,
            "flux": flux_jy * u.Jy,
            "flux_err": np.full(len(at), flux_err_jy) * u.Jy,
            "peak": peak_jy_beam * u.Jy / u.beam,
        }
    )
    kind = "fits" if path.suffix == ".fits" else "ascii.ecsv"
    with whole_file(path) as temporary:
        table.write(temporary, format=kind, overwrite=True)
    return path


def _write(hdus: fits.HDUList, path: Path) -> Path:
    with whole_file(path) as temporary:
        hdus.writeto(temporary, overwrite=True)
    return path
