"""What the scripts that measure time and memory share: stopwatch, memory, fresh processes.

Nothing large is imported: the size of a process counts in those it starts, since Linux hands the
highest resident size on through fork and exec.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from deepfocus.core.memory import peak_bytes

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
MIB = 2**20


class Stopwatch:
    """Time of each step, without that of the steps inside it, and memory at its end.

    clock : time.perf_counter for wall time, time.process_time for CPU time
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.seconds: dict[str, float] = {}
        self.peak_bytes: dict[str, int] = {}
        self._inner = [0.0]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self._inner.append(0.0)
        started = self.clock()
        try:
            yield
        finally:
            whole = self.clock() - started
            inner = self._inner.pop()
            self._inner[-1] += whole
            self.seconds[name] = self.seconds.get(name, 0.0) + whole - inner
            self.peak_bytes[name] = peak_bytes()

    def watch(self, owner: Any, attribute: str, name: str) -> None:
        """From now on, calls of that function of a module or class are a step."""
        original: Callable[..., Any] = getattr(owner, attribute)

        @wraps(original)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.step(name):
                return original(*args, **kwargs)

        setattr(owner, attribute, timed)


def in_fresh_process(script: str, what: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What a script prints as its last line of JSON, run with one thread."""
    command = [sys.executable, str(Path(script).resolve()), *arguments]
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: measuring {what} failed, see above")
    return json.loads(done.stdout.splitlines()[-1])


def run_in_casa(python: Path, script: Path, folder: Path, *arguments: str) -> None:
    """Run a script by CASA's Python with one thread, in a folder that is its home."""
    command = [str(python.absolute()), str(script), *arguments]
    environment = {**os.environ, **ONE_THREAD, "HOME": str(folder)}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def machine() -> str:
    """Processor, cores and Python, in words."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, one thread used; Python {platform.python_version()}"
