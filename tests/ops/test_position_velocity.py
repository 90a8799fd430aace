"""A cut shows what lies along its line, at the offset where it lies."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.ops.position_velocity import slit


def plane_of(slope_y: float, slope_x: float) -> np.ndarray:
    """(1, y, x) that rises linearly, of which a linear interpolation is exact."""
    y, x = np.indices((41, 51))
    return (slope_y * y + slope_x * x)[None].astype(float)


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 135.0, 200.0, 311.0])
def test_values_are_those_at_the_offsets(angle: float) -> None:
    cut = slit(plane_of(2.0, -1.0), x=25.25, y=19.5, angle=angle, half_px=8, width_px=5)
    places = np.arange(-8, 9)
    # angles run from +y towards -x
    y = 19.5 + places * np.cos(np.deg2rad(angle))
    x = 25.25 - places * np.sin(np.deg2rad(angle))
    assert np.allclose(cut[0], 2.0 * y - x)


def test_the_mean_is_taken_across() -> None:
    ridge = np.zeros((1, 41, 51))
    ridge[0, 20, :] = 1.0
    along = slit(ridge, x=25, y=20, angle=90.0, half_px=5, width_px=3)
    across = slit(ridge, x=25, y=20, angle=0.0, half_px=5, width_px=3)
    assert np.allclose(along, 1 / 3)
    assert np.allclose(across[0], np.arange(-5, 6) == 0)


def test_of_a_slit_at_the_edge_the_rest_counts() -> None:
    cut = slit(plane_of(1.0, 0.0), x=25, y=0, angle=90.0, half_px=4, width_px=3)
    assert np.allclose(cut, 0.5)


def test_blank_voxels_and_what_lies_outside_are_blank() -> None:
    data = np.ones((2, 41, 51))
    data[1, 20, 28] = np.nan
    cut = slit(data, x=25, y=20, angle=270.0, half_px=30, width_px=1)
    assert np.isnan(cut[0, :5]).all()
    assert np.isfinite(cut[0, 5:56]).all()
    assert np.isnan(cut[1, 33])
    assert np.isfinite(cut[1, 31])
