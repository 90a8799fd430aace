"""CPU time of a cube with each fault of its data, over that of the same cube without.

    python benchmarks/faults.py
    python benchmarks/faults.py gains --cubes 40

One thread, one process. Beams, and whatever else a set makes once, are made beforehand. Cubes with
and without the fault are made in turns, and the medians of both are compared: seconds are those of
one machine, the ratio carries over better.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from measuring import ONE_THREAD, machine

CUBES = 24
FIRST_SEED = 2_000_000
TABLES = {
    "gains": {"gains": {"calibration": {"kind": "referenced"}}},
    "pointing": {"pointing": {"rms": "2 arcsec"}},
    "bandpass": {"bandpass": {"amplitude": 0.05}},
    "smoothing": {"smoothing": {"averaged": 1}},
    "continuum": {"continuum": {"order": 1, "fit": [[0, 42], [85, 127]]}},
    "flagged_antennas": {"flagged_antennas": {"numbers": [3, 11, 19, 27, 35]}},
    "flagged_channels": {"flagged_channels": {"number": 6}},
    "stated": {"stated": {"kind": "scaled", "factor": 1.15}},
}
TABLES["all"] = {name: part for table in TABLES.values() for name, part in table.items()}


def seconds_a_cube(name: str, cubes: int) -> tuple[float, float]:
    """Median CPU seconds of a cube without and with a fault."""
    from dataclasses import replace

    from deepfocus.simulation.cube import simulate
    from deepfocus.simulation.faults.faults import Faults
    from deepfocus.simulation.sets import set_from, shipped_set

    plain = replace(shipped_set("faults").variants[0], faults=Faults())
    faulty = replace(plain, faults=set_from({"faults": TABLES[name]}, source=name).faults)
    spent: dict[bool, list[float]] = {False: [], True: []}
    for settings in (plain, faulty):
        simulate(settings, FIRST_SEED)
    for seed in range(FIRST_SEED, FIRST_SEED + cubes):
        for with_fault, settings in ((False, plain), (True, faulty)):
            start = time.process_time()
            simulate(settings, seed)
            spent[with_fault].append(time.process_time() - start)
    return statistics.median(spent[False]), statistics.median(spent[True])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("faults", nargs="*", default=list(TABLES))
    options.add_argument("--cubes", type=int, default=CUBES)
    asked = options.parse_args()
    print(machine())
    print("| fault | without (CPU-s) | with | more | ratio |")
    print("|---|---:|---:|---:|---:|")
    for name in asked.faults:
        plain, faulty = seconds_a_cube(name, asked.cubes)
        print(
            f"| `{name}` | {plain:.3f} | {faulty:.3f} | {faulty - plain:.3f} | "
            f"{faulty / plain:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
