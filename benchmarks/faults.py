"""CPU time of a cube with each fault of its data, over that of the same cube without.

    python benchmarks/faults.py
    python benchmarks/faults.py gains --cubes 40
    python benchmarks/faults.py --casa .venv-casa/bin/python

One thread, one process. Beams, and whatever else a set makes once, are made beforehand. Cubes with
and without the fault are made in turns, and the medians of both are compared: seconds are those of
one machine, the ratio carries over better.

With CASA's Python tests/casa/faults_in_casa.py runs, once: what CASA takes for a data set as large,
for tclean's cube of it, and for those faults that it has a task for.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from measuring import ONE_THREAD, machine

IN_CASA = Path(__file__).resolve().parents[1] / "tests" / "casa" / "faults_in_casa.py"
SIZE, CHANNELS = 256, 128
"""Of the set's cubes, and so of CASA's."""
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


def seconds_in_casa(python: Path) -> dict[str, float]:
    """By step: the data set, its cube, and each fault that CASA can make."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "took.json"
        command = [str(python.absolute()), str(IN_CASA), str(file), str(SIZE), str(CHANNELS)]
        environment = {**os.environ, **ONE_THREAD, "HOME": folder}
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
        took: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return took


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("faults", nargs="*", default=list(TABLES))
    options.add_argument("--cubes", type=int, default=CUBES)
    options.add_argument("--casa", type=Path, default=None, help="its Python")
    asked = options.parse_args()
    in_casa = {} if asked.casa is None else seconds_in_casa(asked.casa)
    print(machine())
    if in_casa:
        print(f"CASA: {in_casa['made']:.1f} CPU-s for the data, {in_casa['imaged']:.1f} for a cube")
    print("| fault | without (CPU-s) | with | more | ratio | more in CASA |")
    print("|---|---:|---:|---:|---:|---:|")
    for name in asked.faults:
        plain, faulty = seconds_a_cube(name, asked.cubes)
        there = f"{in_casa[name]:.1f}" if name in in_casa else "-"
        print(
            f"| `{name}` | {plain:.3f} | {faulty:.3f} | {faulty - plain:.3f} | "
            f"{faulty / plain:.2f} | {there} |",
            flush=True,
        )


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
