"""The script that times several executions and pointings runs."""

from __future__ import annotations

import joint


def test_cubes_of_several_executions_are_timed_beside_single_ones() -> None:
    assert all(seconds > 0 for seconds in joint.seconds_a_cube("2_executions_12_m", 1))
