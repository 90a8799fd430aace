"""The script that measures time and memory: its stopwatch and its table."""

from __future__ import annotations

import importlib.util
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "time_memory.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("time_memory", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_time_of_inner_stages_is_not_counted_twice(script: ModuleType) -> None:
    watch = script.Stopwatch()
    owner = SimpleNamespace(work=lambda seconds: time.sleep(seconds))
    watch.watch(owner, "work", "inner")
    with watch.stage("outer"):
        owner.work(0.05)
        owner.work(0.05)
        time.sleep(0.02)
    # Sleeping never takes less than asked for; a busy machine may add to it.
    assert watch.seconds["inner"] >= 0.1
    assert 0.02 <= watch.seconds["outer"] < watch.seconds["inner"]
    assert watch.peak_bytes["outer"] >= watch.peak_bytes["inner"] > 2**20


def test_table_gives_medians_and_the_highest_memory(script: ModuleType) -> None:
    runs = [
        {
            "seconds": {"step": seconds},
            "peak_bytes": {"step": mib * 2**20},
            "total_s": 2 * seconds,
            "total_peak_bytes": mib * 2**20,
        }
        for seconds, mib in ((1.0, 100), (2.0, 300), (9.0, 200))
    ]
    rows = script.table("simulate", runs, 0.5).splitlines()
    assert rows[2] == "| step | 2.00 | 4.00 | 300 |"
    assert rows[3] == "| **whole process** | 4.00 | 8.00 | 300 |"
