"""Frequencies of the beams: few where that is enough, more for wide bands."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from hypothesis import example, given
from hypothesis import strategies as st

from deepfocus.core.node_weights import lagrange
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.nodes import FRINGE_ERROR, fringe_error, node_channels
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import dirty_beam, telescope_of


@given(
    channels=st.integers(2, 600),
    longest_m=st.floats(10, 16000),
    half_field_arcsec=st.floats(1, 60),
    width_hz=st.floats(1e4, 2e7),
)
@example(channels=600, longest_m=16000.0, half_field_arcsec=60.0, width_hz=2e7)
def test_no_fringe_errs_by_more_than_the_limit(
    channels: int, longest_m: float, half_field_arcsec: float, width_hz: float
) -> None:
    freq_hz = 230e9 + width_hz * np.arange(channels)
    half_field = np.deg2rad(half_field_arcsec / 3600)
    nodes = node_channels(freq_hz, longest_m=longest_m, half_field_rad=half_field)
    assert nodes[0] == 0
    assert nodes[-1] == channels - 1
    assert (np.diff(nodes) > 0).all()
    if len(nodes) == channels:
        return
    fringe = np.exp(2j * np.pi * longest_m / C_M_S * half_field * (freq_hz - freq_hz.mean()))
    ours = fringe[nodes] @ lagrange(freq_hz[nodes], freq_hz)
    # the bound holds for nodes at their exact places; rounding to channels can double it
    assert np.abs(ours - fringe).max() < 2 * FRINGE_ERROR


def test_the_bound_is_one() -> None:
    t = np.linspace(-1, 1, 2001)
    for number in (3, 5, 7, 9):
        nodes = np.cos(np.pi * np.arange(number) / (number - 1))
        for phase in (0.5, 1.0, 2.0):
            worst = np.abs(np.exp(1j * phase * nodes) @ lagrange(nodes, t) - np.exp(1j * phase * t))
            assert worst.max() < fringe_error(phase, number)


@pytest.mark.parametrize(("band_ghz", "number"), [(1.28, 3), (3.75, 5), (7.5, 9)])
def test_the_image_of_a_point_is_right_over_wide_bands(band_ghz: float, number: int) -> None:
    size, (y, x) = 360, (260, 300)
    seen = telescope_of(
        Observation(
            first_frequency=(230 - band_ghz / 2) * u.GHz,
            channel_width=band_ghz / 127 * u.GHz,
            cell=0.1 * u.arcsec,
            size=size,
        )
    )
    assert len(seen.node_hz) == number
    assert seen.node_channels[number // 2] == 63
    sky = np.zeros((1, size, size))
    sky[0, y, x] = 1.0
    at_nodes = seen.dirty_components(sky)[0]
    # half-way between two nodes
    channel = int(seen.node_channels[:2].mean())
    hz = seen.grid.freq_hz[channel]
    beam = dirty_beam(seen.uv_m * hz / C_M_S, size=size, cell_arcsec=0.1, weighting=seen.weighting)
    exact = beam[size - y : 2 * size - y, size - x : 2 * size - x]
    ours = np.tensordot(seen.interpolation[:, channel], at_nodes, axes=1)
    # the primary beam at the point, from the image itself
    error = np.abs(ours / ours[y, x] - exact).max()
    assert error < 1e-3  # of the point's peak, anywhere in the image
