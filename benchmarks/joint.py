"""CPU time of a cube of several executions or pointings, or with total power, over that of one.

    python benchmarks/joint.py
    python benchmarks/joint.py 7_pointings --cubes 40

One thread, one process. Cubes of each kind and of the single observation are made in turns, and
the medians of both are compared: seconds are those of one machine, the ratio carries over better.
Beams are made beforehand; what they take is in a column of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from typing import Any

from measuring import ONE_THREAD, machine

CUBES = 12
FIRST_SEED = 2_000_000
SINGLE: dict[str, Any] = {"configuration": "C-3", "channels": 128, "size": 256}
ACA = {"configuration": "ACA", "total_time": "3 h", "integration": "60 s"}
COMPACT = {"configuration": "C-1", "total_time": "10 min"}
KINDS: dict[str, dict[str, Any]] = {
    "2_executions_12_m": {"more_executions": [COMPACT]},
    "2_executions": {"more_executions": [ACA]},
    "3_executions": {"more_executions": [COMPACT, ACA]},
    "total_power": {"total_power": {"time": "3 h"}},
    "2_executions_total_power": {"more_executions": [ACA], "total_power": {"time": "3 h"}},
    "3_pointings": {"mosaic": {"kind": "rectangular", "columns": 3, "rows": 1}},
    "7_pointings": {"mosaic": {"kind": "hexagonal", "rings": 1}},
    "7_pointings_2_executions": {"mosaic": {"rings": 1}, "more_executions": [ACA]},
}


def seconds_a_cube(name: str, cubes: int) -> tuple[float, float, float]:
    """Median CPU seconds of a single cube and of one of that kind, and those of its beams."""
    from deepfocus.simulation.cube import simulate
    from deepfocus.simulation.sets import set_from

    def made(changes: dict[str, Any]) -> Any:
        table = {"observation": SINGLE | changes, "noise": {"pwv": "0.8 mm"}}
        return set_from(table, source=name)

    single, joint = made({}), made(KINDS[name])
    simulate(single, FIRST_SEED)
    start = time.process_time()
    simulate(joint, FIRST_SEED)
    first = time.process_time() - start
    spent: dict[bool, list[float]] = {False: [], True: []}
    for seed in range(FIRST_SEED, FIRST_SEED + cubes):
        for several, settings in ((False, single), (True, joint)):
            start = time.process_time()
            simulate(settings, seed)
            spent[several].append(time.process_time() - start)
    one, several = (statistics.median(spent[key]) for key in (False, True))
    return one, several, first - several


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("kinds", nargs="*", default=list(KINDS))
    options.add_argument("--cubes", type=int, default=CUBES)
    asked = options.parse_args()
    print(machine())
    print("| kind | one (CPU-s) | this | ratio | beams, once (CPU-s) |")
    print("|---|---:|---:|---:|---:|")
    for name in asked.kinds:
        one, several, beams = seconds_a_cube(name, asked.cubes)
        words = name.replace("_", " ")
        print(
            f"| {words} | {one:.3f} | {several:.3f} | {several / one:.2f} | {beams:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
