"""The script that times faults: it knows every fault, and runs."""

from __future__ import annotations

from dataclasses import fields

import faults

from deepfocus.simulation.faults.faults import Faults


def test_every_fault_is_timed() -> None:
    assert set(faults.TABLES) == {field.name for field in fields(Faults)} | {"all"}


def test_cubes_are_timed_with_and_without() -> None:
    assert all(seconds > 0 for seconds in faults.seconds_a_cube("bandpass", 1))
