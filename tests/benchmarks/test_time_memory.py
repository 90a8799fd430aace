"""The script that times one cube stage by stage: every stage that it names is still there."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import pytest
import time_memory
from measuring import Stopwatch

SET = """
[observation]
size = 64
channels = 32
channel_width = "40 MHz"
total_time = "100 s"
[population]
companions = [1, 1]
offset_px = [-15.0, 15.0]
[noise]
kind = "white"
target_snr = [60.0, 60.0]
"""


def test_every_stage_takes_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watching = Stopwatch.watch

    def watch(self: Stopwatch, owner: Any, attribute: str, name: str) -> None:
        monkeypatch.setattr(owner, attribute, getattr(owner, attribute))  # restored at the end
        watching(self, owner, attribute, name)

    monkeypatch.setattr(Stopwatch, "watch", watch)
    tiny = tmp_path / "tiny.toml"
    tiny.write_text(SET)
    options = argparse.Namespace(set=tiny, cube=tmp_path / "cube.fits", weights=None)
    simulated, detected = Stopwatch(time.perf_counter), Stopwatch(time.perf_counter)
    time_memory.measure_simulate(simulated, options)
    time_memory.measure_detect(detected, options)
    assert len(simulated.seconds) == 8
    assert len(detected.seconds) == 10
    assert min(*simulated.seconds.values(), *detected.seconds.values()) > 0
