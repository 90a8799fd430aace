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
