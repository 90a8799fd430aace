"""FITS images with known physics, written by hand: the readers are tested against these."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

C = 299792458.0
REST_HZ = 230.538e9
CELL_DEG = 0.1 / 3600
RA, DEC = 150.0, -35.0
NX, NY, NCHAN = 12, 10, 9

LON = {"CTYPE": "RA---SIN", "CRVAL": RA, "CDELT": -CELL_DEG, "CRPIX": 7.0, "CUNIT": "deg"}
LAT = {"CTYPE": "DEC--SIN", "CRVAL": DEC, "CDELT": CELL_DEG, "CRPIX": 6.0, "CUNIT": "deg"}
STOKES = {"CTYPE": "STOKES", "CRVAL": 1.0, "CDELT": 1.0, "CRPIX": 1.0}
FREQ = {"CTYPE": "FREQ", "CRVAL": 230e9, "CDELT": 1e6, "CRPIX": 3.0, "CUNIT": "Hz"}
KEYS = {"BUNIT": "Jy/beam", "RESTFRQ": REST_HZ, "BMAJ": 3e-4, "BMIN": 2e-4, "BPA": 30.0}


def voxels(nchan: int = NCHAN) -> np.ndarray:
    """(chan, y, x) values that name their own place."""
    return np.arange(nchan * NY * NX, dtype=">f4").reshape(nchan, NY, NX)


def image(
    axes: list[dict] | None = None, data: np.ndarray | None = None, **keys: object
) -> fits.PrimaryHDU:
    """An HDU whose axes come in the given order; `data` is (chan, y, x). ROLE stands in for CTYPE.

    A key None is left out.
    """
    axes = [LON, LAT, FREQ, STOKES] if axes is None else axes
    data = voxels() if data is None else data
    header = fits.Header()
    roles = []
    for i, axis in enumerate(axes, 1):
        for key, value in axis.items():
            if key != "ROLE":
                header[f"{key}{i}"] = value
        start = axis.get("ROLE", axis["CTYPE"])[:3]
        roles.append({"RA-": 2, "DEC": 1, "STO": None}.get(start, 0))
    kept = [role for role in roles[::-1] if role is not None]
    array = data.transpose(kept)
    for place, role in enumerate(roles[::-1]):
        if role is None:
            array = np.expand_dims(array, place)
    for key, value in {**KEYS, **keys}.items():
        if value is not None:
            header[key] = value
    return fits.PrimaryHDU(np.ascontiguousarray(array), header)


def saved(path: Path, *args: object, **kwargs: object) -> Path:
    """The same, written to `path`."""
    image(*args, **kwargs).writeto(path)
    return path


def sin_position(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """RA, Dec in degrees of pixels of `LON`, `LAT`: the orthographic formulae, not wcslib's."""
    el = np.radians((x - LON["CRPIX"] + 1) * LON["CDELT"])
    em = np.radians((y - LAT["CRPIX"] + 1) * LAT["CDELT"])
    en = np.sqrt(1 - el**2 - em**2)
    dec0 = np.radians(DEC)
    dec = np.arcsin(em * np.cos(dec0) + en * np.sin(dec0))
    ra = np.radians(RA) + np.arctan2(el, en * np.cos(dec0) - em * np.sin(dec0))
    return np.degrees(ra), np.degrees(dec)
