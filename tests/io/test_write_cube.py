"""`write_cube`: what is written is read back the same, by this package and by another."""

from __future__ import annotations

from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import tangent_grid
from deepfocus.core.noise import White, noise_of_level
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.write_cube import write_cube

N, CHANS = 20, 16


def _cube(freq_hz: np.ndarray | None = None, companions: bool = True) -> Cube:
    rng = np.random.default_rng(1)
    linear = 2.3e11 - 10e6 * np.arange(CHANS)
    grid = tangent_grid(
        ra_deg=83.123456789012345,
        dec_deg=-5.98765432109876,
        size=N,
        cell_arcsec=0.1,
        freq_hz=linear if freq_hz is None else freq_hz,
        rest_hz=2.30538e11,
    )
    data = rng.normal(size=grid.shape).astype("f4")
    data[:, 0] = np.nan
    psf = rng.uniform(-0.1, 0.1, size=(3, 2 * N, 2 * N)).astype("f4")
    psf[:, N, N] = 1.0
    return Cube(
        data=data,
        grid=grid,
        beam=Beam(0.8, 0.6, 25.0),
        psf=psf if companions else None,
        psf_channels=np.array([0.0, 7.0, 15.0]) if companions else None,
        primary_beam=rng.uniform(size=(3, N, N)).astype("f4") if companions else None,
        noise=noise_of_level(White(), 1e-3),
        meta={"seed": 7, "settings": {"name": "it's  'quoted'  " * 20, "list": [1, 2.5]}},
    )


def _same(read: Cube, cube: Cube) -> None:
    np.testing.assert_array_equal(read.data, cube.data)
    # linear axes are rebuilt from first value and step: rounding only
    np.testing.assert_allclose(read.grid.freq_hz, cube.grid.freq_hz, rtol=1e-14)
    for name in ("crval", "crpix", "cdelt"):
        ours, theirs = getattr(read.grid.sky.wcs, name), getattr(cube.grid.sky.wcs, name)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)  # a card has room for 14 digits

    x, y = np.array([0.0, 19.0, 7.5]), np.array([0.0, 3.0, 19.0])
    ours, theirs = read.grid.sky_at(x, y), cube.grid.sky_at(x, y)
    assert ours.separation(theirs).arcsec.max() < 1e-8
    assert read.grid.rest_hz == cube.grid.rest_hz
    assert read.grid.specsys == cube.grid.specsys
    assert read.beam is not None
    assert cube.beam is not None
    assert astuple(read.beam) == pytest.approx(astuple(cube.beam))
    assert (read.noise is None) == (cube.noise is None)
    if read.noise is not None:
        assert cube.noise is not None
        assert read.noise.power == cube.noise.power
        assert read.noise.level_jy_beam == cube.noise.level_jy_beam
    assert read.unit == cube.unit


@pytest.mark.parametrize("name", ["cube.fits", "cube.fits.gz"])
def test_round_trip(tmp_path: Path, name: str) -> None:
    cube = _cube()
    paths = write_cube(cube, tmp_path / name, header={"OBSERVER": "nobody"})
    assert [p.name for p in paths] == [name, "cube.psf.fits", "cube.pb.fits"]
    read = read_cube(paths[0])
    _same(read, cube)
    np.testing.assert_array_equal(read.psf, cube.psf)
    np.testing.assert_array_equal(read.psf_channels, cube.psf_channels)
    np.testing.assert_array_equal(read.primary_beam, cube.primary_beam)
    assert read.meta["settings"] == cube.meta["settings"]
    assert read.meta["seed"] == 7
    assert fits.getheader(paths[0])["OBSERVER"] == "nobody"
    assert not list(tmp_path.glob(".*"))


def test_channels_that_are_not_equally_spaced(tmp_path: Path) -> None:
    freq_hz = 2.3e11 / (1 + np.linspace(0.001, 0.02, CHANS))  # linear in optical velocity
    cube = _cube(freq_hz, companions=False)
    _same(read_cube(write_cube(cube, tmp_path / "cube.fits")[0]), cube)


def test_companions_of_an_earlier_cube_are_not_taken(tmp_path: Path) -> None:
    write_cube(_cube(), tmp_path / "cube.fits")
    write_cube(_cube(companions=False), tmp_path / "cube.fits")
    assert read_cube(tmp_path / "cube.fits").psf is None


def test_same_cube_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_cube(_cube(), tmp_path / "a" / "cube.fits")
    second = write_cube(_cube(), tmp_path / "b" / "cube.fits")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


@pytest.mark.parametrize("product", ["cube", "psf", "pb"])
def test_astropy_reads_it_without_a_warning(tmp_path: Path, product: str) -> None:
    """Warnings are errors in this suite."""
    cube = _cube()
    paths = dict(zip(("cube", "psf", "pb"), write_cube(cube, tmp_path / "cube.fits"), strict=True))
    with fits.open(paths[product]) as hdus:
        hdus.verify("exception")
        axes = WCS(hdus[0].header, hdus)
        shape = hdus[0].data.shape
    assert axes.naxis == 4
    centre = axes.celestial.pixel_to_world(shape[-1] // 2, shape[-2] // 2)
    ours = cube.grid.sky_at(N // 2, N // 2)
    assert centre.separation(ours).arcsec < 1e-8
    last = axes.spectral.pixel_to_world(shape[1] - 1).to_value("Hz")
    assert last == pytest.approx(cube.grid.freq_hz[-1], rel=1e-14)


@pytest.mark.parametrize("product", ["cube", "psf", "pb"])
def test_spectral_cube_reads_it(tmp_path: Path, product: str) -> None:
    spectral_cube = pytest.importorskip("spectral_cube")
    cube = _cube()
    paths = dict(zip(("cube", "psf", "pb"), write_cube(cube, tmp_path / "cube.fits"), strict=True))
    # that the cube has a Stokes axis, as CASA's have, is all it has to say
    with pytest.warns(spectral_cube.utils.StokesWarning, match="Stokes") as said:
        other = spectral_cube.SpectralCube.read(paths[product])
    assert len(said) == 1
    values = {"cube": cube.data, "psf": cube.psf, "pb": cube.primary_beam}[product]
    np.testing.assert_array_equal(other.unmasked_data[:].value, values)
    freq_hz = other.spectral_axis.to_value("Hz")
    if product == "cube":
        np.testing.assert_allclose(freq_hz, cube.grid.freq_hz, rtol=1e-14)
    else:
        assert cube.psf_channels is not None
        at_hz = cube.grid.frequency_at(cube.psf_channels)
        # the middle plane of an even number of channels is half a channel off
        assert np.abs(freq_hz - at_hz).max() <= 0.5 * cube.grid.channel_width_hz
    assert other.beam.major.to_value("arcsec") == pytest.approx(0.8)
    assert str(other.unit) == ("Jy / beam" if product == "cube" else "")


def test_planes_at_other_than_even_steps_have_a_table(tmp_path: Path) -> None:
    """More than half a channel off a straight line: channels 0, 2 and 15."""
    cube = replace(_cube(), psf_channels=np.array([0.0, 2.0, 15.0]))
    path, psf, _ = write_cube(cube, tmp_path / "cube.fits")
    assert fits.getheader(psf)["CTYPE3"] == "FREQ-TAB"
    np.testing.assert_array_equal(read_cube(path).psf_channels, cube.psf_channels)


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DeepFocusError, match="cannot write"):
        write_cube(_cube(), tmp_path / "file" / "cube.fits")


@pytest.mark.parametrize(
    "name",
    [
        "NGC4324.fits",
        "Orion.methanol.cbc.contsub.image.fits",
        "UGC_1281_Original.fits",
        "admit_mom_integ_test_input.fits",
    ],
)
def test_real_cubes_survive_being_written(shared_data: Path, tmp_path: Path, name: str) -> None:
    path = shared_data / "data" / "real" / name
    if not path.exists():
        pytest.skip(f"no real cube {name} in the folder 'shared'")
    cube = read_cube(path)
    _same(read_cube(write_cube(cube, tmp_path / "cube.fits")[0]), cube)


@pytest.mark.parametrize("length", [30, 45, 55, 58, 62, 68, 90])
def test_names_of_any_length_are_written_without_a_warning(tmp_path: Path, length: int) -> None:
    """A warning of a card that is too long would be an error here."""
    path = tmp_path / ("n" * length + ".fits")
    write_cube(_cube(), path)
    assert fits.getheader(path)["DFPSF"] == "n" * length + ".psf.fits"
    _same(read_cube(path), _cube())
