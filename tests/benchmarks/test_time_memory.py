"""The script that times one cube stage by stage: every stage that it names is still there."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import pytest
import time_memory
from measuring import Stopwatch


def test_every_stage_takes_time(
    tiny_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = Stopwatch.watch

    def watch(self: Stopwatch, owner: Any, attribute: str, name: str) -> None:
        monkeypatch.setattr(owner, attribute, getattr(owner, attribute))  # restored at the end
        watching(self, owner, attribute, name)

    monkeypatch.setattr(Stopwatch, "watch", watch)
    options = argparse.Namespace(set=tiny_set, cube=tmp_path / "cube.fits", weights=None)
    simulated, detected = Stopwatch(time.perf_counter), Stopwatch(time.perf_counter)
    time_memory.measure_simulate(simulated, options)
    time_memory.measure_detect(detected, options)
    assert len(simulated.seconds) == 8
    assert len(detected.seconds) == 10
    assert min(*simulated.seconds.values(), *detected.seconds.values()) > 0
