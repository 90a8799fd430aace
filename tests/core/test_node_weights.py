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


@pytest.mark.parametrize("number", [8, 30, 128])
def test_many_even_nodes_are_joined_by_lines(number: int) -> None:
    nodes = np.unique(np.linspace(0, 127, number).astype(int))
    weights = node_weights(FREQ_HZ[nodes][::-1], FREQ_HZ)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    np.testing.assert_allclose(FREQ_HZ[nodes][::-1] @ weights, FREQ_HZ, rtol=1e-12)
