"""Reads a CASA image, a folder with `table.dat`, as the FITS file that exportfits makes of it.

casacore writes the header, of a few pixels, and from there on it is read as any other. The numbers
stay where they are, and are read by parts.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.memory import require_memory
from deepfocus.io.casa_voxels import CasaVoxels, casacores_complaints, state_of
from deepfocus.io.casacore_image import (
    header_hdus,
    lengths_of,
    listed_frequencies,
    opened_image,
    tile_of,
    touch_the_end,
    without_waiting,
    write_fits,
)
from deepfocus.io.fits_axes import read_axes
from deepfocus.io.fits_image import FitsImage, beams_table
from deepfocus.io.image_choice import choose_image
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.plane_order import boxes

VALUE_BYTES = 4
AT_ONCE = 1 << 24
"""Values that are copied to memory together."""


def read_casa_image(path: Path, overrides: Overrides = NO_OVERRIDES) -> FitsImage:
    """The image in memory. Raises `DeepFocusError` as `casa_image` does, and if it is too large."""
    image = casa_image(path, overrides)
    assert isinstance(image.data, CasaVoxels)
    return replace(image, data=_in_memory(image.data))


def casa_image(path: Path, overrides: Overrides = NO_OVERRIDES) -> FitsImage:
    """The image, whose data are `CasaVoxels`: only what is asked for is read.

    Raises `DeepFocusError` if python-casacore is not installed, if the folder is a table of
    another type, damaged, or of complex pixels, or if its axes are not a cube's.
    """
    state = state_of(path)
    with casacores_complaints(path), without_waiting(path), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy's: what matters becomes an error or a note
        opened, tile = opened_image(path), tile_of(path)
        touch_the_end(opened)
        hdus = header_hdus(opened)
        chosen = choose_image(hdus, str(path), overrides.hdu)
        axes = read_axes(chosen.header, str(path), tables=hdus, overrides=overrides)
        if (freq_hz := listed_frequencies(opened)) is not None:
            axes = replace(axes, freq_hz=freq_hz)
        beams, units, notes = beams_table(hdus)
    lengths = lengths_of(opened)
    if axes.lengths(lengths) != tuple(lengths):
        raise DeepFocusError(
            f"{path} has no spectral axis",
            wanted="a CASA image with one, if only of one channel, as tclean makes it",
            remedy="export it with exportfits, or add an axis with CASA's imtrans or ia.adddegaxes",
        )
    chan, ny, nx = axes.by_role(lengths)
    return FitsImage(
        header=chosen.header,
        axes=axes,
        data=CasaVoxels(opened, path, state, axes, (chan, ny, nx), axes.by_role(tile)),
        beams=beams,
        beam_units=units,
        index=chosen.index,
        notes=(*chosen.notes, *notes),
    )


def export_casa_image(path: Path, file: Path) -> None:
    """Write it as FITS, as exportfits does.

    Raises `DeepFocusError` as `casa_image` does, and if its frequencies are a list, which FITS
    written so does not keep.
    """
    image = casa_image(path)
    assert isinstance(image.data, CasaVoxels)
    with casacores_complaints(path), without_waiting(path):
        if listed_frequencies(image.data.opened) is not None:
            raise DeepFocusError(
                f"the channels of {path} are not evenly spaced",
                wanted="an image that can be written as FITS without loss",
                remedy="regrid it, e.g. with CASA's imregrid",
            )
        write_fits(image.data.opened, file)


def _in_memory(voxels: CasaVoxels) -> np.ndarray:
    """(chan, y, x), read in boxes of whole tiles: casacore keeps those of one box."""
    require_memory(
        VALUE_BYTES * float(prod(voxels.shape)),
        f"{voxels.path} of {' x '.join(map(str, voxels.shape[::-1]))} values",
        remedy="cut out a part of it, or use a machine with more memory",
    )
    data = np.empty(voxels.shape, np.float32)
    for box in boxes(voxels.shape, voxels.tile, voxels.axes.fastest_first, AT_ONCE):
        data[box] = voxels[box]
    return data
