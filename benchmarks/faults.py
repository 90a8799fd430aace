"""CPU time of a cube with each fault of its data, over that of the same cube without.

    python benchmarks/faults.py
    python benchmarks/faults.py gains --cubes 40
    python benchmarks/faults.py --casa .venv-casa/bin/python
    python benchmarks/faults.py gains --growth

One thread, one process. Beams, and whatever else a set makes once, are made beforehand. Cubes with
and without the fault are made in turns, and the medians of both are compared: seconds are those of
one machine, the ratio carries over better.

With CASA's Python tests/casa/faults_in_casa.py runs, once: what CASA takes for a data set as large,
for tclean's cube of it, and for those faults that it has a task for. --growth times gains again
with fewer antennas, integrations and channels.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measuring import ONE_THREAD, machine, run_in_casa

if TYPE_CHECKING:
    from deepfocus.simulation.settings import SetSettings

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
GROWTH: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "43 antennas, 240 integrations, 128 channels": ({}, {}),
    "22 antennas": ({}, {"flagged_antennas": {"numbers": list(range(0, 42, 2))}}),
    "11 antennas": ({}, {"flagged_antennas": {"numbers": [n for n in range(43) if n % 4]}}),
    "120 integrations": ({"integration": "20 s"}, {}),
    "60 integrations": ({"integration": "40 s"}, {}),
    "64 channels": ({"channels": 64}, {}),
    "256 channels": ({"channels": 256}, {}),
}
"""Of the observation and, without and with the fault, of the other faults: what changes."""


def seconds_a_cube(
    name: str,
    cubes: int,
    observation: Mapping[str, Any] | None = None,
    others: Mapping[str, Any] | None = None,
) -> tuple[float, float]:
    """Median CPU seconds of a cube without and with a fault; what changes is as in `GROWTH`."""
    from astropy import units as u

    from deepfocus.simulation.cube import simulate
    from deepfocus.simulation.sets import set_from, shipped_set

    plain = shipped_set("faults").variants[0]
    changed = {
        key: u.Quantity(value) if isinstance(value, str) else value
        for key, value in (observation or {}).items()
    }
    observed = replace(plain.observation, **changed)

    def with_faults(table: Mapping[str, Any]) -> SetSettings:
        faults = set_from({"faults": {**(others or {}), **table}}, source=name).faults
        return replace(plain, observation=observed, faults=faults)

    both = with_faults({}), with_faults(TABLES[name])
    spent: tuple[list[float], list[float]] = ([], [])
    for settings in both:
        simulate(settings, FIRST_SEED)
    for seed in range(FIRST_SEED, FIRST_SEED + cubes):
        for settings, seconds in zip(both, spent, strict=True):
            start = time.process_time()
            simulate(settings, seed)
            seconds.append(time.process_time() - start)
    return statistics.median(spent[0]), statistics.median(spent[1])


def seconds_in_casa(python: Path) -> dict[str, float]:
    """By step: the data set, its cube, and each fault that CASA can make."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "took.json"
        run_in_casa(python, IN_CASA, Path(folder), str(file), str(SIZE), str(CHANNELS))
        took: dict[str, float] = json.loads(file.read_text(encoding="utf-8"))
    return took


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("faults", nargs="*", default=list(TABLES))
    options.add_argument("--cubes", type=int, default=CUBES)
    options.add_argument("--casa", type=Path, default=None, help="its Python")
    options.add_argument("--growth", action="store_true")
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
    if asked.growth:
        print("\n| `gains` of | without (CPU-s) | with | more |\n|---|---:|---:|---:|")
        for what, (observation, others) in GROWTH.items():
            plain, faulty = seconds_a_cube("gains", asked.cubes, observation, others)
            print(f"| {what} | {plain:.3f} | {faulty:.3f} | {faulty - plain:.3f} |", flush=True)


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
