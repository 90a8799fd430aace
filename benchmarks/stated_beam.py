"""From which error on the finder deepfocus says that a stated beam is wrong, and how often in vain.

    python benchmarks/stated_beam.py --out RECORDS
    python benchmarks/stated_beam.py --out RECORDS --cubes 4 --snr 200

One source in each small dirty cube, a point by turns with one up to about a beam wide; its beam is
stated too wide by a factor in even seeds, too narrow by it in odd ones. Then cubes of shipped sets,
where nothing is to be said. RECORDS/notes.jsonl has a line for each cube: the same command goes on
where it stopped. One thread, one process.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faults_finding import BASE
from measuring import ONE_THREAD, machine
from tune import append, records

from deepfocus.evaluation.text_table import text_table
from deepfocus.finders.deepfocus import notes
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.stated_beam import OF_ERRORS, OF_SCALE
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import AnySet, set_from, shipped_set

PERCENT = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0)
SETS = ("paper", "blends", "galaxies", "varied")
CUBES = 8
SIZE_PX = [4.0, 9.0]
FIRST_SEED = 2_000_000


def cubes_of(snr: float, cubes: int, sets: Sequence[str]) -> Iterator[tuple[str, AnySet, int]]:
    """A name, settings and seed of each, the first of all kinds before the second."""
    for number in range(cubes):
        seed = FIRST_SEED + number
        for percent in PERCENT:
            yield f"{percent:g}% at {snr:g}", one_source(snr, percent, seed), seed
        for name in sets:
            settings = shipped_set(name)
            yield name, settings, settings.seeds("validation")[number]


def one_source(snr: float, percent: float, seed: int) -> AnySet:
    """Cubes of one source, their beam stated wrong by so many percent."""
    point = seed // 2 % 2 == 0
    population = {
        **BASE["population"],
        "sources": [1, 1],
        "ideal_snr": [snr, snr],
        "point_fraction": 1.0 if point else 0.0,
        "disc_fraction": 0.0,
        "fwhm_px": SIZE_PX,
        "field_fraction": 0.5,
    }
    factor = (1 + percent / 100) ** (1 if seed % 2 == 0 else -1)
    stated = {"kind": "scaled", "factor": factor}
    table: dict[str, Any] = {
        **BASE,
        "observation": {**BASE["observation"], "channels": 64},
        "population": population,
        "faults": {"stated": stated} if percent else {},
    }
    return set_from(table, source=f"{percent:g}%")


def searched(settings: AnySet, seed: int) -> dict[str, Any]:
    """What was said of a cube, and CPU seconds of the search and of what says it."""
    spent = [0.0]
    original = notes.notes_of_beam

    def timed(*given: Any) -> tuple[str, ...]:
        start = time.process_time()
        said = original(*given)
        spent[0] += time.process_time() - start
        return said

    cube = simulate(settings, seed).cube
    notes.notes_of_beam = timed
    try:
        start = time.process_time()
        detection = DeepFocus().ready().find(cube)
        whole = time.process_time() - start
    finally:
        notes.notes_of_beam = original
    said = [note for note in detection.notes if note.startswith((OF_SCALE, OF_ERRORS))]
    return {"said": said, "find_s": round(whole, 3), "notes_s": round(spent[0], 4)}


def run(snr: float, cubes: int, sets: Sequence[str], log: Path) -> list[dict[str, Any]]:
    """The records of all cubes; those that the log does not have yet are searched."""
    known = {(each["kind"], each["seed"]): each for each in records(log)}
    wanted = []
    for kind, settings, seed in cubes_of(snr, cubes, sets):
        if (kind, seed) not in known:
            record = {"kind": kind, "seed": seed, **searched(settings, seed)}
            append(record, log)
            known[kind, seed] = record
        wanted.append(known[kind, seed])
    return wanted


def table(every: Sequence[Mapping[str, Any]]) -> str:
    """Cubes of each kind, in how many of them either note was made, and what that cost."""
    rows = []
    for kind in dict.fromkeys(each["kind"] for each in every):
        those = [each for each in every if each["kind"] == kind]
        scale, errors = (
            sum(any(note.startswith(start) for note in each["said"]) for each in those)
            for start in (OF_SCALE, OF_ERRORS)
        )
        share = np.sum([each["notes_s"] for each in those]) / np.sum(
            [each["find_s"] for each in those]
        )
        rows.append([kind, str(len(those)), str(scale), str(errors), f"{share:.1%}"])
    return text_table(("cubes", "number", "beam named", "errors named", "of the time"), rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Search what is missing, and print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--cubes", type=int, default=CUBES, help="of each kind")
    options.add_argument("--snr", type=float, default=100.0, help="for an ideal observer")
    options.add_argument("--sets", nargs="*", default=SETS)
    asked = options.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    every = run(asked.snr, asked.cubes, asked.sets, asked.out / "notes.jsonl")
    print(machine())
    print(table(every))


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
