"""The script that times the shipped sets: it runs, and leaves the simulator as it was."""

from __future__ import annotations

import sets

from deepfocus.simulation import cube as simulation


def test_limits_are_timed_on_the_same_cubes() -> None:
    before = simulation.limits_of
    assert all(seconds > 0 for seconds in sets.seconds_a_cube("wide", 1))
    assert simulation.limits_of is before
