"""Makes a `Cube` from objects of other libraries: astropy HDUs, an array and WCS, a SpectralCube;
and a SpectralCube from a `Cube`.

All become HDUs first, so their axes, units and beams are read as from a file.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import cube_of_image
from deepfocus.io.fits_image import image_of
from deepfocus.io.overrides import NO_OVERRIDES, Overrides
from deepfocus.io.write_cube import array_hdus

NAME = "cube"
"""Base name of the products if a cube has no file and its header names no object."""


def cube_of_hdus(
    hdus: fits.HDUList | fits.PrimaryHDU | fits.ImageHDU, overrides: Overrides = NO_OVERRIDES
) -> Cube:
    """The image that is the cube, copied.

    Raises `DeepFocusError` if there is none, or if it is not a cube.
    """
    together = hdus if isinstance(hdus, fits.HDUList) else _alone(hdus)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about old spellings, which are corrected or noted
        image = image_of(together, "the HDU", overrides)
    name = str(image.header.get("OBJECT", "")).strip() or NAME
    return cube_of_image(image, "the HDU", name.replace("/", "_"))


def cube_of_spectral_cube(cube: Any, *, rest_hz: float | None = None) -> Cube:
    """A copy of a `spectral_cube.SpectralCube`, with its mask, unit, and beam or beams."""
    return cube_of_hdus(cube.hdulist, Overrides(rest_hz=rest_hz))


def spectral_cube_of(cube: Cube) -> Any:
    """A `spectral_cube.SpectralCube` of the same voxels, axes, unit and beam.

    Raises `DeepFocusError` without the library spectral-cube, or for channels of uneven width,
    which it does not know.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what it uses itself
            from spectral_cube import SpectralCube
    except ImportError as error:
        raise DeepFocusError(
            "spectral-cube is not installed",
            wanted="the library, which makes a SpectralCube",
            remedy="pip install spectral-cube",
        ) from error
    hdus = array_hdus(cube.array, cube, unit=cube.unit, kind="Intensity")
    if len(hdus) > 1:
        raise DeepFocusError(
            "the channels are not equally wide in frequency",
            wanted="a linear axis: a SpectralCube has no other",
            remedy="take a part of the band, or the axis of the original file",
        )
    header = hdus[0].header
    for key in ("CTYPE4", "CRVAL4", "CRPIX4", "CDELT4"):
        del header[key]
    return SpectralCube.read(fits.PrimaryHDU(hdus[0].data[0], header=header))


def cube_of_array(
    array: np.ndarray | u.Quantity,
    wcs: WCS,
    *,
    unit: str | u.UnitBase = "Jy/beam",
    beam: Beam | None = None,
    rest_hz: float | None = None,
) -> Cube:
    """A copy of an array, with the axes of a WCS.

    array : in numpy's order, the WCS's last axis first, such as (chan, y, x)
    unit : of the array, unless it is a Quantity
    beam : without it, sizes are not deconvolved

    Raises `DeepFocusError` if the axes do not match, or are not a cube's.
    """
    if not isinstance(wcs, WCS):
        raise DeepFocusError(
            f"axes as {type(wcs).__name__}",
            wanted="an astropy.wcs.WCS",
            remedy="make one from the header: WCS(header)",
        )
    values = np.asarray(array)
    if values.ndim != wcs.naxis:
        raise DeepFocusError(
            f"an array of {values.ndim} axes with a WCS of {wcs.naxis}",
            wanted="one array axis for each axis of the WCS",
            remedy="drop axes with wcs.celestial or wcs.sub, or add one with array[None]",
        )
    header = wcs.to_header(relax=True)
    header["BUNIT"] = getattr(array, "unit", u.Unit(unit)).to_string("fits")
    if beam is not None:
        header["BMAJ"], header["BMIN"] = beam.major_arcsec / 3600, beam.minor_arcsec / 3600
        header["BPA"] = beam.pa_deg
    return cube_of_hdus(fits.PrimaryHDU(values, header=header), Overrides(rest_hz=rest_hz))


def is_spectral_cube(value: Any) -> bool:
    """Whether `value` looks like a `SpectralCube`; the library need not be installed."""
    return hasattr(value, "hdulist") and hasattr(value, "spectral_axis")


def _alone(hdu: fits.PrimaryHDU | fits.ImageHDU) -> fits.HDUList:
    """A list with a new HDU of the same data; the given HDU is left as it is."""
    return fits.HDUList([fits.PrimaryHDU(hdu.data, header=hdu.header)])
