"""One cube in many forms of file gives one catalogue."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits

import deepfocus as df
from deepfocus.core.catalogue import Catalogue

SETTINGS = {
    "observation": {"size": 96, "channels": 32, "total_time": "600 s"},
    "population": {"kind": "paper", "companions": [2, 2]},
    "imaging": {"kind": "cleaned"},
}
SEED = 3
REST_HZ = 230.538e9
COLUMNS = ("ra", "dec", "frequency", "line_flux", "line_flux_err", "continuum", "fwhm_x", "pa")

Form = Callable[[fits.PrimaryHDU, Path], Path]


def plain(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    hdu.writeto(folder / "x.fits")
    return folder / "x.fits"


def with_swapped_axes(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    """Frequency first: its axis is the third of the file."""
    header, order = hdu.header.copy(), (3, 1, 2)
    for new, old in enumerate(order, start=1):
        for key in ("CTYPE", "CRVAL", "CDELT", "CRPIX", "CUNIT"):
            header[f"{key}{new}"] = hdu.header[f"{key}{old}"]
    data = np.ascontiguousarray(hdu.data.transpose(1, 2, 0))
    return plain(fits.PrimaryHDU(data, header), folder)


def reversed_in_frequency(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    header, n = hdu.header.copy(), len(hdu.data)
    header["CDELT3"] = -header["CDELT3"]
    header["CRPIX3"] = n + 1 - header["CRPIX3"]
    return plain(fits.PrimaryHDU(hdu.data[::-1].copy(), header), folder)


def in_radio_velocity(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    header = hdu.header.copy()
    at = u.Quantity(header["CRVAL3"], "Hz").to("m/s", u.doppler_radio(REST_HZ * u.Hz))
    header["CTYPE3"], header["CUNIT3"] = "VRAD", "m/s"
    header["CRVAL3"] = at.value
    header["CDELT3"] = -header["CDELT3"] / REST_HZ * 299792458.0
    return plain(fits.PrimaryHDU(hdu.data, header), folder)


def gzipped(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    path = plain(hdu, folder)
    packed = folder / "x.fits.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed


def compressed(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    """As fpack does, without loss."""
    path = folder / "x.fits.fz"
    packed = fits.CompImageHDU(hdu.data, hdu.header, compression_type="GZIP_2", quantize_level=0.0)
    fits.HDUList([fits.PrimaryHDU(), packed]).writeto(path)
    return path


def in_an_extension(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    path = folder / "x.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(hdu.data, hdu.header)]).writeto(path)
    return path


def in_double_precision(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    return plain(fits.PrimaryHDU(hdu.data.astype(">f8"), hdu.header), folder)


def with_a_stokes_axis(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    header = hdu.header.copy()
    header.update(CTYPE4="STOKES", CRVAL4=1.0, CDELT4=1.0, CRPIX4=1.0)
    return plain(fits.PrimaryHDU(hdu.data[None], header), folder)


def in_short_integers(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    scaled = fits.PrimaryHDU(hdu.data.astype(np.float64), hdu.header)
    scaled.scale("int16", option="minmax")
    return plain(scaled, folder)


def as_a_casa_image(hdu: fits.PrimaryHDU, folder: Path) -> Path:
    """Written by casacore; tests/casa has CASA's own."""
    images = pytest.importorskip("casacore.images", reason="python-casacore is not installed")
    path = plain(hdu, folder)
    images.image(str(path)).saveas(str(folder / "x.image"))
    path.unlink()
    return folder / "x.image"


@pytest.fixture(scope="module")
def original() -> fits.PrimaryHDU:
    """A cleaned cube with a continuum and three lines, its axes in frequency."""
    cube = df.simulate(SETTINGS, seed=SEED).cube
    assert cube.beam is not None
    header = cube.grid.sky.to_header()
    step = float(np.diff(cube.grid.freq_hz).mean())
    header.update(CTYPE3="FREQ", CRVAL3=cube.grid.freq_hz[0], CDELT3=step, CRPIX3=1.0, CUNIT3="Hz")
    header.update(BUNIT="Jy/beam", RESTFRQ=REST_HZ, SPECSYS="LSRK", WCSAXES=3)
    header.update(CUNIT1="deg", CUNIT2="deg")
    header["BMAJ"], header["BMIN"] = cube.beam.major_arcsec / 3600, cube.beam.minor_arcsec / 3600
    header["BPA"] = cube.beam.pa_deg
    return fits.PrimaryHDU(cube.data, header)


def found_in(path: Path) -> Catalogue:
    """Its sources, along declination."""
    accepted = df.detect(df.read(path)).catalogue.accepted
    return accepted.at(np.argsort(accepted["dec"]))


@pytest.fixture(scope="module")
def expected(original: fits.PrimaryHDU, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    found = found_in(plain(original, tmp_path_factory.mktemp("plain")))
    assert len(found) >= 2
    return found


@pytest.mark.parametrize(
    "form",
    [
        with_swapped_axes,
        reversed_in_frequency,
        in_radio_velocity,
        gzipped,
        compressed,
        in_an_extension,
        in_double_precision,
        with_a_stokes_axis,
        in_short_integers,
        as_a_casa_image,
    ],
)
def test_the_same_catalogue(
    form: Form, original: fits.PrimaryHDU, expected: Catalogue, tmp_path: Path
) -> None:
    found = found_in(form(original, tmp_path))
    assert len(found) == len(expected)
    for column in COLUMNS:
        # fits end a hundredth of chi^2 before their minimum, a tenth of an error; integers of two
        # bytes round by 1e-5 of the range
        error = expected[f"{column}_err"] if not column.endswith("_err") else expected[column]
        apart = np.abs(found[column] - expected[column])
        assert np.all((apart < 0.1 * error) | ~np.isfinite(expected[column])), column
