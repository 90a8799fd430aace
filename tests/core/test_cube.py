"""The primary beam of a `Cube` at any position."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.grid import tangent_grid


def _cube() -> Cube:
    grid = tangent_grid(
        ra_deg=10.0, dec_deg=-30.0, size=4, cell_arcsec=0.1, freq_hz=np.linspace(1e11, 2e11, 8)
    )
    plane = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    return Cube(np.zeros(grid.shape, np.float32), grid, primary_beam=plane)


def test_primary_beam_at_a_number_an_array_and_both() -> None:
    cube = _cube()
    assert cube.primary_beam_at(x=1, y=2) == 9.0
    assert np.shape(cube.primary_beam_at(x=1.5, y=2.0)) == ()
    np.testing.assert_allclose(cube.primary_beam_at(x=np.array([0.5, 3.0]), y=1), [4.5, 7.0])
    square = cube.primary_beam_at(x=np.zeros((2, 3)), y=np.ones((2, 3)))
    np.testing.assert_allclose(square, np.full((2, 3), 4.0))
    assert np.isnan(cube.primary_beam_at(x=9.0, y=0.0))


def test_no_primary_beam_is_not_known() -> None:
    cube = replace(_cube(), primary_beam=None)
    assert np.isnan(cube.primary_beam_at(x=1, y=2))
    assert cube.primary_beam_at(x=np.zeros(3), y=0).shape == (3,)


def test_primary_beam_at_a_line_lies_between_the_planes_of_its_channel() -> None:
    """Planes at channels 6 and 1, falling as ALMA's lower sidebands do, with 2 and 1 in them."""
    planes = np.stack([np.full((4, 4), 2.0), np.full((4, 4), 1.0)]).astype(np.float32)
    cube = replace(_cube(), primary_beam=planes, psf_channels=np.array([6, 1]))
    x = np.ones(5)
    channel = np.array([0.0, 1.0, 3.5, 7.0, np.nan])
    response = cube.primary_beam_at_lines(x=x, y=x, channel=channel)
    np.testing.assert_allclose(response, [1.0, 1.0, 1.5, 2.0, 1.5])  # the last in mid band, 3.5
    for at, expected in zip(channel[:4], response[:4], strict=True):
        np.testing.assert_allclose(cube.primary_beam_in(at), expected)


def test_primary_beam_at_a_line_is_that_of_the_planes_that_know_it() -> None:
    planes = np.stack([np.full((4, 4), 0.5), np.full((4, 4), np.nan)]).astype(np.float32)
    cube = replace(_cube(), primary_beam=planes, psf_channels=np.array([1, 6]))
    response = cube.primary_beam_at_lines(x=np.ones(2), y=np.ones(2), channel=np.array([0.0, 3.0]))
    np.testing.assert_array_equal(response, [0.5, 0.5])
    nowhere = replace(cube, primary_beam=np.full((2, 4, 4), np.nan, np.float32))
    assert np.isnan(nowhere.primary_beam_at_lines(x=np.ones(1), y=np.ones(1), channel=np.ones(1)))
    assert np.isnan(nowhere.primary_beam_in(2.0)).all()
