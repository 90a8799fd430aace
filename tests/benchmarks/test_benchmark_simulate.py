"""The script that measures the simulator: it runs, and what it says adds up."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "simulate.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_simulate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_small_run(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    cases = ["noise-free", "thermal"]
    script.main(["--sizes", "8x160", "--repeat", "1", "--fits", "--cases", *cases])
    *tables, last = capsys.readouterr().out.splitlines()
    result = json.loads(last)["sizes"]["8x160"]
    assert set(result) == {"reference", *cases}
    for case in cases:
        one = result[case]
        steps = set(script.STEPS) - ({"noise"} if case == "noise-free" else set())
        assert set(one["seconds"]) == steps
        assert math.isclose(sum(one["seconds"].values()), one["cube_s"])
        assert one["once"]["imports"] > 0.05
        assert one["once"]["array set-up"] > 0.01
        peaks = one["peaks"]
        # beams are made on top of the imports, and a cube of 0.8 MB is little beside them
        assert 2**25 < peaks["after imports"] < peaks["array set-up"]
        assert one["growth_cubes"] < one["whole_cubes"]
    assert "writing FITS" in result["thermal"]["once"]
    assert any(line.startswith("| **each further cube (CPU-s)**") for line in tables)
    assert any(line.startswith("| 8x160 | 0.2 M |") for line in tables)


def test_time_of_inner_steps_is_not_counted_twice(script: ModuleType) -> None:
    watch = script.Stopwatch()

    def busy(rounds: int) -> int:
        return sum(range(rounds))

    owner = SimpleNamespace(work=busy)
    watch.watch(owner, "work", "inner")
    with watch.step("outer"):
        owner.work(2_000_000)
        owner.work(2_000_000)
    # all of the work is in the inner step; generous, for a busy machine
    assert watch.seconds["inner"] > 5 * watch.seconds["outer"] >= 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands the peak of a parent on")
def test_memory_is_that_of_the_child_not_of_its_parent(script: ModuleType) -> None:
    large = bytearray(b"x") * (256 * 2**20)
    code = f"import runpy; print(runpy.run_path({str(SCRIPT)!r})['peak_bytes']())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert script.peak_bytes() > len(large)
    # Python and the standard library
    assert 2**22 < int(done.stdout) < 2**26
