"""A FITS cube that is written plane by plane: in any order, with what follows the planes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from deepfocus.core.channel_beams import ChannelBeams
from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.io.beams_table import with_beams
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.planes_file import BLOCK, begin
from deepfocus.io.write_cube import cube_hdus

NAMES = {"psf": "c.psf.fits", "pb": "c.pb.fits"}


def cube_of(freq_hz: np.ndarray, rng: np.random.Generator) -> Cube:
    grid = tangent_grid(ra_deg=60.0, dec_deg=-30.0, size=17, cell_arcsec=0.1, freq_hz=freq_hz)
    data = rng.standard_normal(grid.shape).astype(np.float32)
    return Cube(data=data, grid=grid, beam=Beam(0.5, 0.4, 30.0))


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("many_beams", [False, True])
def test_planes_in_any_order_make_the_file(
    uneven: bool, many_beams: bool, tmp_path: Path, rng: np.random.Generator
) -> None:
    freq_hz = 2.3e11 + 1e7 * np.arange(6) ** (1.3 if uneven else 1.0)
    cube = cube_of(freq_hz, rng)
    hdus = cube_hdus(cube.with_data(np.broadcast_to(np.float32(0), cube.data.shape)), NAMES)
    beams = ChannelBeams(0.5 + 0.01 * np.arange(6), np.full(6, 0.4), np.full(6, 30.0))
    if many_beams:
        hdus = with_beams(hdus, beams)
    path = tmp_path / "c.fits"
    file = begin(hdus, path)
    for channel in (3, 0, 5, 1, 4, 2):
        file.write(channel, cube.data[channel])
    assert path.stat().st_size % BLOCK == 0
    with fits.open(path) as written:
        written.verify("exception")
        assert len(written) == 1 + uneven + many_beams
    read = read_cube(path)
    assert np.array_equal(read.data, cube.data)
    assert read.grid.freq_hz == pytest.approx(freq_hz, rel=1e-13)
    assert read.beam is not None
    wanted = np.median(beams.major_arcsec) if many_beams else 0.5
    assert read.beam.major_arcsec == pytest.approx(wanted, rel=1e-6)


def test_a_plane_that_does_not_fit(tmp_path: Path, rng: np.random.Generator) -> None:
    cube = cube_of(2.3e11 + 1e7 * np.arange(3), rng)
    file = begin(cube_hdus(cube, NAMES), tmp_path / "c.fits")
    size = (tmp_path / "c.fits").stat().st_size
    with pytest.raises(AssertionError):
        file.write(0, cube.data[0, :5])
    with pytest.raises(AssertionError):
        file.write(3, cube.data[0])
    assert (tmp_path / "c.fits").stat().st_size == size
