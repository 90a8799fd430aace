"""FITS cubes of one sky on cells of any shape: Gaussians drawn on the sky, pixel by pixel.

Nothing here knows what the package makes of cells that are not square: an offset on the sky is the
one between two positions of the WCS, a source is its covariance on the sky plus the beam's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from deepfocus.core.catalogue import Catalogue

CHANNELS, CHANNEL_HZ, FIRST_HZ = 24, 5e6, 230e9
RA, DEC = 150.0, 20.0
SIGMA_PER_FWHM = 1 / np.sqrt(8 * np.log(2))
BEAM = (0.9, 0.6, 70.0)
"""FWHM in arcsec and position angle of the restoring beam."""
SIDELOBES = ((2.4, 1.0), (-2.4, -1.0))
"""Offsets, in arcsec to the east and north, of those of the dirty beam: it is `BEAM` in three
places, whose transform is nowhere negative."""
SIDELOBE = 0.15
NOISE = 1e-3
FIELD_ARCSEC = 24.0


@dataclass(frozen=True)
class OnSky:
    """A Gaussian on the sky: offsets and FWHM in arcsec, angle in deg, flux in Jy in its peak."""

    east: float
    north: float
    major: float
    minor: float
    pa: float
    channel: float
    fwhm_chan: float
    jy: float


CELLS: dict[str, Mapping[str, float]] = {
    "square": {"CDELT1": -0.14, "CDELT2": 0.14},
    "tall": {"CDELT1": -0.1, "CDELT2": 0.2},
    "wide": {"CDELT1": -0.2, "CDELT2": 0.1},
    "mirrored": {"CDELT1": 0.1, "CDELT2": 0.2},
    "crota": {"CDELT1": -0.1, "CDELT2": 0.2, "CROTA2": 30.0},
    # the pixels are turned before the sky is stretched: cells are oblong, and their sides not
    # perpendicular
    "pc": {
        "CDELT1": -0.1, "CDELT2": 0.2,
        "PC1_1": np.cos(0.5), "PC1_2": -np.sin(0.5), "PC2_1": np.sin(0.5), "PC2_2": np.cos(0.5),
    },
    "sheared": {"CD1_1": -0.14, "CD1_2": 0.05, "CD2_1": 0.01, "CD2_2": 0.14},
    "turned": {"CDELT1": -0.14, "CDELT2": 0.14, "CROTA2": 40.0},
}  # fmt: skip
"""Of the cells, in arcsec."""


def header_of(cells: str) -> fits.Header:
    """The header of a field on such cells, without its unit and beam."""
    in_deg = {
        key: value / 3600 if key.startswith("CD") else value for key, value in CELLS[cells].items()
    }
    axes = {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": RA, "CRVAL2": DEC}
    sky = fits.Header({**axes, "CRPIX1": 1.0, "CRPIX2": 1.0, **in_deg})
    matrix = WCS(sky).pixel_scale_matrix * 3600
    # enough pixels for the corners of the field
    corners = np.linalg.inv(matrix) @ (FIELD_ARCSEC / 2 * np.array([[1, 1, -1], [1, -1, 1]]))
    nx, ny = (2 * int(np.ceil(np.abs(axis).max())) for axis in corners)
    sky["NAXIS"] = 3
    sky["NAXIS1"], sky["NAXIS2"], sky["NAXIS3"] = nx, ny, CHANNELS
    sky["CRPIX1"], sky["CRPIX2"] = nx // 2 + 1, ny // 2 + 1
    spectral = {"CTYPE3": "FREQ", "CRVAL3": FIRST_HZ, "CDELT3": CHANNEL_HZ, "CRPIX3": 1.0}
    sky.update({**spectral, "CUNIT3": "Hz", "RESTFRQ": FIRST_HZ, "SPECSYS": "LSRK"})
    if "CD1_1" in sky:
        del sky["CDELT3"]
        sky["CD3_3"] = CHANNEL_HZ
    return sky


def covariance(major: float, minor: float, pa: float) -> np.ndarray:
    """(2, 2) on the sky, (east, north), arcsec^2."""
    angle = np.deg2rad(pa)
    along = np.array([np.sin(angle), np.cos(angle)])
    across = np.array([np.cos(angle), -np.sin(angle)])
    a, b = (np.array([major, minor]) * SIGMA_PER_FWHM) ** 2
    return a * np.outer(along, along) + b * np.outer(across, across)


def offsets(header: fits.Header) -> np.ndarray:
    """(2, y, x) east and north of the field's centre, arcsec, by the orthographic formulae."""
    wcs = WCS(header).celestial
    y, x = np.mgrid[: header["NAXIS2"], : header["NAXIS1"]]
    ra, dec = (np.radians(each) for each in wcs.wcs_pix2world(x, y, 0))
    ra0, dec0 = np.radians(RA), np.radians(DEC)
    east = np.cos(dec) * np.sin(ra - ra0)
    north = np.sin(dec) * np.cos(dec0) - np.cos(dec) * np.sin(dec0) * np.cos(ra - ra0)
    return np.degrees(np.stack([east, north])) * 3600


def gaussian(at: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """(y, x) Gaussian of peak 1 at offsets (2, y, x) on the sky."""
    return np.exp(-0.5 * np.einsum("iyx,ij,jyx->yx", at, np.linalg.inv(matrix), at))


def seen(at: np.ndarray, matrix: np.ndarray, *, dirty: bool) -> np.ndarray:
    """(y, x) what `gaussian` is, after the beam has made its covariance; with sidelobes if dirty.

    The beam itself has a peak of 1.
    """
    beam = covariance(*BEAM)
    fainter = np.sqrt(np.linalg.det(beam) / np.linalg.det(matrix))
    image = fainter * gaussian(at, matrix)
    for lobe in SIDELOBES if dirty else ():
        image = image + SIDELOBE * fainter * gaussian(at - np.array(lobe)[:, None, None], matrix)
    return image


def correlated(header: fits.Header, seed: int, *, dirty: bool) -> np.ndarray:
    """(chan, y, x) noise whose autocorrelation is the beam."""
    beam = seen(offsets(header), covariance(*BEAM), dirty=dirty)
    ny, nx = beam.shape
    power = np.abs(np.fft.rfft2(np.roll(beam, (-(ny // 2), -(nx // 2)), (0, 1))))
    white = np.random.default_rng(seed).standard_normal((CHANNELS, ny, nx))
    noise = np.fft.irfft2(np.fft.rfft2(white) * np.sqrt(power), s=(ny, nx))
    return noise * NOISE / noise.std()


def write_sky(
    path: Path, cells: str, sources: Sequence[OnSky], *, seed: int, dirty: bool = False
) -> Path:
    """A cube of those sources; if dirty, with the sidelobes of its beam, `NAME.psf.fits`."""
    header = header_of(cells)
    at, beam = offsets(header), covariance(*BEAM)
    data = correlated(header, seed, dirty=dirty)
    for each in sources:
        offset = (np.arange(CHANNELS) - each.channel) / (each.fwhm_chan * SIGMA_PER_FWHM)
        place = at - np.array([each.east, each.north])[:, None, None]
        image = seen(place, covariance(each.major, each.minor, each.pa) + beam, dirty=dirty)
        data += (each.jy * np.exp(-0.5 * offset**2))[:, None, None] * image
    header["BUNIT"] = "Jy/beam"
    header["BMAJ"], header["BMIN"], header["BPA"] = BEAM[0] / 3600, BEAM[1] / 3600, BEAM[2]
    fits.PrimaryHDU(data.astype(np.float32), header).writeto(path, overwrite=True)
    if dirty:
        psf = np.broadcast_to(seen(at, beam, dirty=True), data.shape).astype(np.float32)
        header["BUNIT"] = ""
        fits.PrimaryHDU(psf / psf.max(), header).writeto(path.with_suffix(".psf.fits"))
    return path


def sky_of(seed: int, *, snr: float = 20.0) -> list[OnSky]:
    """25 resolved sources in a raster, of all angles."""
    rng = np.random.default_rng(seed)
    raster = np.linspace(-9.0, 9.0, 5)
    return [
        OnSky(
            east=east + rng.uniform(-0.3, 0.3),
            north=north + rng.uniform(-0.3, 0.3),
            major=rng.uniform(1.5, 2.0),
            minor=rng.uniform(0.7, 1.1),
            pa=rng.uniform(0, 180),
            channel=rng.uniform(8, 16),
            fwhm_chan=rng.uniform(3, 5),
            jy=snr * NOISE * 3.0,  # seen through the beam, a third of it
        )
        for east in raster
        for north in raster
    ]


def matched(found: Catalogue, sources: Sequence[OnSky]) -> Catalogue:
    """The row nearest to each source. Fails if any is farther off than half a beam."""
    lon, lat = sky_offsets(found)
    apart = np.hypot(
        *(
            np.subtract.outer([getattr(each, name) for each in sources], offset)
            for name, offset in (("east", lon), ("north", lat))
        )
    )
    assert apart.min(axis=1).max() < BEAM[1] / 2
    return found.at(apart.argmin(axis=1))


def sky_offsets(found: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """East and north of the field's centre, arcsec."""
    centre = SkyCoord(RA, DEC, unit="deg")
    lon, lat = centre.spherical_offsets_to(SkyCoord(found["ra"], found["dec"], unit="deg"))
    return lon.arcsec, lat.arcsec


def pulls(found: Catalogue, sources: Sequence[OnSky], kms: float) -> dict[str, np.ndarray]:
    """Deviations of matched rows from the sky, over their errors. kms : of a channel"""
    true = {name: np.array([getattr(each, name) for each in sources]) for name in vars(sources[0])}
    first = found["fwhm_x"] > found["fwhm_y"]
    sizes = {
        which: (
            np.where(first == (which == "major"), found["fwhm_x"], found["fwhm_y"]),
            np.where(first == (which == "major"), found["fwhm_x_err"], found["fwhm_y_err"]),
        )
        for which in ("major", "minor")
    }
    lon, lat = sky_offsets(found)
    flux = true["jy"] * true["fwhm_chan"] * kms * SIGMA_PER_FWHM * np.sqrt(2 * np.pi)
    to_arcsec = 3600 * np.cos(np.deg2rad(DEC))
    return {
        **{name: (value - true[name]) / error for name, (value, error) in sizes.items()},
        "pa": ((found["pa"] - true["pa"] + 90) % 180 - 90) / found["pa_err"],
        "ra": (lon - true["east"]) / (found["ra_err"] * to_arcsec),
        "dec": (lat - true["north"]) / (found["dec_err"] * 3600),
        "flux": (found["line_flux"] - flux) / found["line_flux_err"],
    }
