"""Beams between the channels at which a cube carries them."""

from __future__ import annotations

import numpy as np
import pytest

from deepfocus.core.node_weights import node_weights
from deepfocus.instrument.nodes import node_channels

FREQ_HZ = 230e9 + 1e7 * np.arange(128)


def test_nodes_of_the_simulator_are_joined_by_polynomials() -> None:
    nodes = node_channels(FREQ_HZ, longest_m=4000.0, half_field_rad=8.7e-5)
    assert len(nodes) >= 7
    wave = np.cos((FREQ_HZ - FREQ_HZ.mean()) / 3e8)
    ours = wave[nodes] @ node_weights(FREQ_HZ[nodes], FREQ_HZ)
    np.testing.assert_allclose(ours, wave, atol=2e-4)  # linear pieces would err by 0.2


@pytest.mark.parametrize(("number", "off"), [(8, 5e-3), (16, 4e-4), (30, 4e-5), (128, 1e-12)])
def test_many_even_nodes_are_joined_by_those_nearby(number: int, off: float) -> None:
    """As far off as their distance to the fourth power; lines would err by ten times and more."""
    nodes = np.unique(np.linspace(0, 127, number).astype(int))
    weights = node_weights(FREQ_HZ[nodes][::-1], FREQ_HZ)
    assert np.abs(weights).sum(axis=0).max() < 2.5
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    np.testing.assert_allclose(FREQ_HZ[nodes][::-1] @ weights, FREQ_HZ, rtol=1e-12)
    wave = np.cos((FREQ_HZ - FREQ_HZ.mean()) / 3e8)
    np.testing.assert_allclose(wave[nodes][::-1] @ weights, wave, atol=off)


def test_nodes_side_by_side_and_then_none_are_joined_by_lines() -> None:
    """A polynomial through these would amplify errors of the first ones a hundredfold."""
    nodes = np.r_[0:20, 127]
    weights = node_weights(FREQ_HZ[nodes], FREQ_HZ)
    assert np.abs(weights).sum(axis=0).max() <= 3.0
    between = weights[:, 70]
    assert np.count_nonzero(between) == 2
    assert between.sum() == pytest.approx(1)
