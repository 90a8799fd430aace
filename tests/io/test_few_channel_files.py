"""Images of one channel: its width where the axis tells it, and images without a spectral axis."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from fits_samples import FREQ, KEYS, LAT, LON, NX, NY, REST_HZ, STOKES, C, image, saved, voxels

from deepfocus.core.errors import DeepFocusError
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides
from deepfocus.io.write_cube import write_cube

VELOCITY = {"CTYPE": "VRAD", "CRVAL": 1e5, "CDELT": 2e4, "CRPIX": 1.0, "CUNIT": "m/s"}


def _flat(axes: list[dict], **keys: object) -> fits.PrimaryHDU:
    """An image of these axes alone, none of them spectral."""
    hdu = image([*axes, FREQ], voxels(1), **keys)
    for stem in ("CTYPE", "CRVAL", "CDELT", "CRPIX", "CUNIT"):
        del hdu.header[f"{stem}{len(axes) + 1}"]
    return fits.PrimaryHDU(hdu.data[0], hdu.header)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_few_channels_are_a_cube(channels: int, tmp_path: Path) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", data=voxels(channels)))
    np.testing.assert_array_equal(cube.data, voxels(channels))
    frequency = FREQ["CRVAL"] - 2 * FREQ["CDELT"]
    assert cube.grid.width_kms(1.0, 0.0) == pytest.approx(
        C / 1e3 * FREQ["CDELT"] / frequency, rel=1e-6
    )
    assert cube.grid.channel_width_hz == pytest.approx(FREQ["CDELT"])


@pytest.mark.parametrize(
    ("axis", "rest_hz", "kms"),
    [
        (VELOCITY, REST_HZ, 20.0 / (1 - 1e5 / C)),  # at the line's own frequency
        (VELOCITY, None, 20.0),
        ({**VELOCITY, "CDELT": -2e4, "CUNIT": ""}, None, 20.0),
        ({**VELOCITY, "CTYPE": "VOPT"}, REST_HZ, 20.0 / (1 + 1e5 / C)),
        ({**FREQ, "CDELT": -2e6}, REST_HZ, C / 1e3 * 2e6 / (230e9 + 4e6)),
    ],
)
def test_the_width_of_a_single_channel(
    axis: dict, rest_hz: float | None, kms: float, tmp_path: Path
) -> None:
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, axis], voxels(1), RESTFRQ=rest_hz))
    # a channel has edges, between which optical velocity is not quite linear in frequency
    assert cube.grid.width_kms(1.0, 0.0) == pytest.approx(kms, rel=1e-6)


@pytest.mark.parametrize("step", [0.0, 1.0, None])
def test_a_step_that_says_nothing(step: float | None, tmp_path: Path) -> None:
    axis = {key: value for key, value in FREQ.items() if key != "CDELT"} | {"CRPIX": 1.0}
    axis |= {} if step is None else {"CDELT": step}
    cube = read_cube(saved(tmp_path / "c.fits", [LON, LAT, axis], voxels(1)))
    assert np.isnan(cube.grid.width_kms(1.0, 0.0))
    assert cube.grid.sky_frequency_at(0.0) == FREQ["CRVAL"]


def test_a_step_of_0_of_several_channels_is_an_error(tmp_path: Path) -> None:
    path = saved(tmp_path / "c.fits", [LON, LAT, {**FREQ, "CDELT": 0.0}], voxels(2))
    with pytest.raises(DeepFocusError, match="CDELT3 = 0"):
        read_cube(path)


@pytest.mark.parametrize("stokes", [[], [STOKES]])
@pytest.mark.parametrize("packed", [False, True])
def test_an_image_without_a_spectral_axis(stokes: list[dict], packed: bool, tmp_path: Path) -> None:
    hdu = _flat([LON, LAT, *stokes])
    path = tmp_path / ("c.fits.gz" if packed else "c.fits")
    hdu.writeto(path)
    cube = read_cube(path)
    np.testing.assert_array_equal(cube.data, voxels(1))
    assert np.isnan(cube.grid.width_kms(1.0, 0.0))
    assert np.isnan(cube.grid.sky_frequency_at(0.0))
    (note,) = cube.meta["notes"]
    assert note == "no spectral axis: one channel, its frequency and width not known"
    assert cube.beam is not None
    assert cube.beam.major_arcsec == pytest.approx(KEYS["BMAJ"] * 3600)


def test_an_axis_that_the_header_alone_has(tmp_path: Path) -> None:
    hdu = _flat([LON, LAT])
    for key, value in {**FREQ, "CRPIX": 1.0}.items():
        hdu.header[f"{key}3"] = value
    hdu.writeto(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits")
    assert cube.data.shape == (1, NY, NX)
    assert cube.grid.only_width_hz == pytest.approx(FREQ["CDELT"])


def test_kelvin_without_a_frequency_is_an_error(tmp_path: Path) -> None:
    _flat([LON, LAT], BUNIT="K").writeto(tmp_path / "c.fits")
    with pytest.raises(DeepFocusError, match="without a rest frequency"):
        read_cube(tmp_path / "c.fits")
    cube = read_cube(tmp_path / "c.fits", Overrides(rest_hz=REST_HZ))
    assert cube.grid.freq_hz[0] == pytest.approx(REST_HZ)


def test_a_cube_is_preferred_to_a_plane_beside_it(tmp_path: Path) -> None:
    plane = _flat([LON, LAT])
    cube = fits.ImageHDU(image().data, image().header)
    fits.HDUList([plane, cube]).writeto(tmp_path / "c.fits")
    assert read_cube(tmp_path / "c.fits").data.shape == voxels().shape


@pytest.mark.parametrize("axis", [FREQ, VELOCITY, {**FREQ, "CDELT": 0.0}])
def test_a_written_plane_keeps_its_width(axis: dict, tmp_path: Path) -> None:
    rest_hz = None if axis is VELOCITY else REST_HZ
    first = read_cube(saved(tmp_path / "c.fits", [LON, LAT, axis], voxels(1), RESTFRQ=rest_hz))
    write_cube(first, tmp_path / "again.fits")
    again = read_cube(tmp_path / "again.fits")
    np.testing.assert_allclose(
        again.grid.width_kms(1.0, 0.0), first.grid.width_kms(1.0, 0.0), rtol=1e-9
    )
    assert "one channel" in repr(replace(again, meta={}))


def test_a_plane_takes_its_own_beam_of_those_of_a_cube(tmp_path: Path) -> None:
    beams = np.zeros((9, NY, NX), ">f4")
    beams[:, NY // 2, NX // 2] = 1.0
    beams[:, 0, 0] = np.arange(9) / 10
    saved(tmp_path / "c.psf.fits", data=beams)
    plane = {**FREQ, "CRVAL": FREQ["CRVAL"] + 2e6}  # two channels up: the fifth, as CRPIX is 3
    saved(tmp_path / "c.fits", [LON, LAT, plane], voxels(1))
    cube = read_cube(tmp_path / "c.fits")
    assert cube.psf is not None
    assert cube.psf.shape == (1, NY, NX)
    assert cube.psf[0, 0, 0] == pytest.approx(0.2)
