"""A cube's own beams: at any offset and channel, spread by a source, in quadrature with a size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.noise import White, noise_of_level
from deepfocus.core.source import Ellipse
from deepfocus.forward.noise import measured_level, noise_level
from deepfocus.forward.response import response_of
from deepfocus.forward.sidelobes import spread_beam
from deepfocus.forward.through_beam import through_round_beam
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.ops.gaussians import gaussian_2d

SIGMA = 2e-3


@pytest.fixture
def cube(rng: np.random.Generator) -> Cube:
    """White noise, and a dirty beam of 6 pixels with one sidelobe of 0.2 at (20, -10)."""
    grid = tangent_grid(
        ra_deg=10, dec_deg=-20, size=80, cell_arcsec=0.1, freq_hz=230e9 + 1e7 * np.arange(24)
    )
    psf = gaussian_2d((80, 80), Ellipse(40, 40, 6, 6, 0))
    psf = psf + 0.2 * gaussian_2d((80, 80), Ellipse(60, 30, 6, 6, 0))
    data = rng.normal(0, SIGMA, grid.shape).astype(np.float32)
    return Cube(data=data, grid=grid, beam=Beam(0.6, 0.6, 0.0), psf=psf[None])


def test_the_beam_at_an_offset_is_what_the_telescope_sums_up() -> None:
    """Between pixels and between the channels at which the beams are known."""
    seen = telescope_of(Observation(size=128, channels=64))
    beams = Cube(
        data=np.zeros(seen.grid.shape, np.float32),
        grid=seen.grid,
        psf=seen.psf,
        psf_channels=seen.node_channels,
    )
    dx, dy, channel = np.array([0.0, 3.4, -17.2]), np.array([0.0, -2.6, 8.9]), 20
    cycles = seen.uv_m * seen.grid.freq_hz[channel] / 299792458.0
    turns = np.deg2rad(0.1 / 3600) * (-cycles[:, :1] * dx + cycles[:, 1:] * dy)
    exact = np.cos(2 * np.pi * turns).mean(axis=0)
    found = response_of(beams).beam_at(x=dx, y=dy, channel=channel)
    # a cubic through pixels of a beam 8 pixels wide; Briggs or not, weights are 1 here
    assert found == pytest.approx(exact, abs=2e-3)


@pytest.mark.parametrize("side", [64, 65])
def test_the_beam_of_a_channel_may_be_cut_around_its_peak(side: int) -> None:
    """However far it is wanted, the peak stays in the middle, and nothing else changes."""
    telescope = telescope_of(Observation(channels=8, size=64))
    middle = telescope.dirty_beam.shape[-1] // 2
    near = slice(middle - side // 2, middle - side // 2 + side)
    seen = Cube(
        np.zeros(telescope.grid.shape, np.float32),
        telescope.grid,
        psf=telescope.dirty_beam[:, near, near],
        psf_channels=telescope.node_channels,
    )
    response = response_of(seen)
    whole = response.dirty_beam_at(3)
    assert whole[side // 2, side // 2] == pytest.approx(1.0, abs=1e-4)
    for reach in (1, 20, side // 2, 200):
        cut = response.dirty_beam_at(3, reach=reach)
        held = slice(max(side // 2 - reach, 0), side // 2 + reach + 1)
        np.testing.assert_array_equal(cut, whole[held, held])
        assert np.unravel_index(cut.argmax(), cut.shape) == tuple(n // 2 for n in cut.shape)


def test_a_sidelobe_is_found_near_its_offset_and_spread_by_the_source(cube: Cube) -> None:
    beam = spread_beam(cube, 6.0)
    assert beam is not None
    assert beam.highest_near(x=0, y=0, reach_px=1) == pytest.approx(1.0)
    # the lobe has the beam's own shape, so that smoothing lowers both alike
    assert beam.highest_near(x=19, y=-9, reach_px=2) == pytest.approx(0.2, rel=0.02)
    assert beam.highest_near(x=-19, y=9, reach_px=2) == pytest.approx(0.0, abs=1e-3)
    assert beam.highest_near(x=500, y=0, reach_px=2) == 0.0
    assert spread_beam(replace(cube, psf=None), 6.0) is None


def test_sizes_add_in_quadrature_with_the_beam(cube: Cube) -> None:
    seen = through_round_beam(Ellipse(1, 2, 8, 2.5, 30), cube)
    assert (seen.fwhm_x_px, seen.fwhm_y_px) == pytest.approx((10.0, 6.5))
    assert through_round_beam(Ellipse(1, 2, 8, 2.5, 30), replace(cube, beam=None)).fwhm_x_px == 8


def test_noise_is_measured_where_it_is_not_known(cube: Cube) -> None:
    # 16,000 voxels: 0.6%
    assert noise_level(cube) == pytest.approx(SIGMA, rel=0.02)
    assert noise_level(replace(cube, noise=noise_of_level(White(), 0.5))) == 0.5
    assert noise_level(replace(cube, noise=noise_of_level(White(), None))) == noise_level(cube)


def test_continuum_and_blanks_do_not_count_as_noise(cube: Cube) -> None:
    data = cube.data + 5 * cube.psf[0]  # type: ignore[index]
    data[:, :20] = np.nan
    assert measured_level(data) == pytest.approx(SIGMA, rel=0.03)
    assert measured_level(np.full((4, 8, 8), np.nan)) == 0.0
