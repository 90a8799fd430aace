"""Noise that was divided by a primary beam tells it; other noise does not look like that."""

from __future__ import annotations

import numpy as np
import pytest
from tests.search.searching import BEAM_PX, beam_noise, gaussian

from deepfocus.search.noise_map import noise_map, sample_of
from deepfocus.search.rising_noise import response_of_noise

SHAPE = (32, 160, 160)
Y, X = np.mgrid[: SHAPE[1], : SHAPE[2]]
RADIUS = np.hypot(Y - 75.0, X - 85.0) / 80.0


def response_in(cube: np.ndarray) -> np.ndarray | None:
    sample = sample_of(cube.astype(np.float32), BEAM_PX)
    return response_of_noise(sample, correlated_px=BEAM_PX)


@pytest.mark.parametrize("edge", [0.5, 0.2])
def test_the_primary_beam_is_told(edge: float) -> None:
    beam = edge**RADIUS**2
    cube = beam_noise(1, SHAPE) / beam + 40 * gaussian(SHAPE, 60, 60)
    cube[:, beam < edge] = np.nan
    told = response_in(cube)
    assert told is not None
    inside = (beam >= edge) & (RADIUS < 0.97)
    ratio = told[inside] / beam[inside]
    # a cell of two beams tells its noise to 10%, a hundred of them its shape to a few percent
    assert np.std(np.log(ratio)) < 0.04


def test_flat_noise_has_none() -> None:
    assert response_in(beam_noise(2, SHAPE) + 300 * gaussian(SHAPE, 80, 80, 30.0)) is None


def test_noise_that_jumps_has_none() -> None:
    """Two pointings of other depth."""
    assert response_in(beam_noise(3, SHAPE) * np.where(X < 80, 1.0, 3.0)) is None


def test_an_image_has_too_few_values() -> None:
    assert response_in(beam_noise(4, (2, *SHAPE[1:])) / 0.2**RADIUS**2) is None


def test_the_level_of_noise_that_jumps_is_that_on_either_side() -> None:
    """What the blocks' mean differs from the level of all values by is not lost."""
    known = noise_map(beam_noise(3, SHAPE) * np.where(X < 80, 1.0, 4.0), correlated_px=BEAM_PX)
    for x, sigma in ((20.0, 1.0), (140.0, 4.0)):
        assert np.median(known.at(x=x, y=80.0)) == pytest.approx(sigma, rel=0.05)
