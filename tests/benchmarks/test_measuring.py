"""What the scripts that measure share: the stopwatch, and the memory of one process alone."""

from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import measuring
import pytest


def test_time_of_inner_steps_is_not_counted_twice() -> None:
    watch = measuring.Stopwatch(time.perf_counter)
    owner = SimpleNamespace(work=lambda seconds: time.sleep(seconds))
    watch.watch(owner, "work", "inner")
    with watch.step("outer"):
        owner.work(0.05)
        owner.work(0.05)
        time.sleep(0.02)
    # Sleeping never takes less than asked for; a busy machine may add to it.
    assert watch.seconds["inner"] >= 0.1
    assert 0.02 <= watch.seconds["outer"] < watch.seconds["inner"]
    assert watch.peak_bytes["outer"] >= watch.peak_bytes["inner"] > 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands the peak of a parent on")
def test_memory_is_that_of_the_child_not_of_its_parent() -> None:
    large = bytearray(b"x") * (256 * 2**20)
    code = f"import runpy; print(runpy.run_path({measuring.__file__!r})['peak_bytes']())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert measuring.peak_bytes() > len(large)
    # Python and the standard library
    assert 2**22 < int(done.stdout) < 2**26


def test_a_failed_measurement_ends_the_script(tmp_path_factory: pytest.TempPathFactory) -> None:
    script = tmp_path_factory.mktemp("script") / "fails.py"
    script.write_text("raise SystemExit(3)")
    with pytest.raises(SystemExit, match="measuring 'this' failed"):
        measuring.in_fresh_process(str(script), "'this'", [])
