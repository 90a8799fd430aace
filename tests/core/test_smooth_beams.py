"""Beams that differ by channel: a smooth course, without what is flagged or turns over."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfocus.core.channel_beams import ChannelBeams

CHANNELS = 100
FREQUENCY = np.linspace(100.0, 108.0, CHANNELS)
MAJOR, MINOR = 208.0 / FREQUENCY, 130.0 / FREQUENCY


@given(start=st.floats(0, 180), turns=st.floats(-40, 40), axis_ratio=st.floats(0.3, 0.95))
def test_a_beam_that_narrows_and_turns(start: float, turns: float, axis_ratio: float) -> None:
    """Squares of widths are quadratics to 1e-3 of themselves, so that angles are to a degree."""
    pa = (start + turns * np.linspace(0, 1, CHANNELS)) % 180.0
    beams = ChannelBeams(MAJOR, axis_ratio * MAJOR, pa)
    for channel in (0, 37, CHANNELS - 1):
        major, minor, angle = beams.smooth_at(channel)
        assert major == pytest.approx(MAJOR[channel], rel=0.03)
        assert minor == pytest.approx(axis_ratio * MAJOR[channel], rel=0.1)
        off = (angle - pa[channel] + 90.0) % 180.0 - 90.0
        assert abs(off) < 3.0


def test_what_scatters_and_what_lies_off_is_left_out() -> None:
    rng = np.random.default_rng(0)
    major = MAJOR * (1 + 0.003 * rng.standard_normal(CHANNELS))
    major[[3, 50]] = 4.0
    major[10] = np.nan
    beams = ChannelBeams(major, MINOR, np.full(CHANNELS, 20.0))
    for channel in (0, 50, 99):
        assert beams.smooth_at(channel)[0] == pytest.approx(MAJOR[channel], rel=0.002)
    assert beams.scatter == pytest.approx(4.0 / MAJOR[50] - 1, rel=0.02)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_few_channels_have_theirs(channels: int) -> None:
    beams = ChannelBeams(MAJOR[:channels], MINOR[:channels], np.full(channels, 20.0))
    for channel in range(channels):
        assert beams.smooth_at(channel) == pytest.approx(
            (MAJOR[channel], MINOR[channel], 20.0), rel=1e-6
        )
    assert beams.scatter < 1e-6


def test_beams_that_are_not_known_are_those_of_the_nearest_channel_that_is() -> None:
    """A curve through a fifth of the band says nothing of the rest."""
    rng = np.random.default_rng(1)
    major = MAJOR * (1 + 0.01 * rng.standard_normal(CHANNELS))
    major[20:] = np.nan
    beams = ChannelBeams(major, MINOR, np.full(CHANNELS, 20.0))
    assert beams.smooth_at(99) == beams.smooth_at(19)
    assert beams.smooth_at(99)[0] == pytest.approx(MAJOR[19], rel=0.02)
