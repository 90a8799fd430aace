"""What the finder deepfocus finds in dirty cubes, and in the same cubes after CLEAN.

    python benchmarks/dirty_or_cleaned.py faint --number 12

Takes the first validation seeds of a shipped set whose cubes are dirty, with thermal noise. CLEAN
has its defaults and the dirty beam between any two pixels; the finder has that of the file, as wide
as the image. Prints a line of JSON for each cube, and one for all: lines found, false and missed,
CPU seconds, and line flux over the true one less 1 (median, median of its absolute value).
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field, replace

import numpy as np

import deepfocus as df
from deepfocus.core.cube import Cube
from deepfocus.imaging.clean.cube import clean
from deepfocus.imaging.clean.settings import Clean
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import shipped_set
from deepfocus.simulation.view import Dirty


@dataclass
class Found:
    """What was found in all cubes of a kind."""

    counts: np.ndarray = field(default_factory=lambda: np.zeros(3, int))
    cpu_s: float = 0.0
    flux_errors: list[float] = field(default_factory=list)

    def add(self, cube: Cube, made: Simulated) -> list[int]:
        """Search a cube; return lines found, false and missed."""
        start = time.process_time()
        detection = df.detect(cube)
        self.cpu_s += time.process_time() - start
        score = df.evaluate(detection, made)
        counts = [score.one_to_one.tp, score.one_to_one.fp, score.one_to_one.fn]
        self.counts += counts
        ratio = score.found_matched["line_flux"] / score.truth_matched["line_flux"]
        self.flux_errors += (np.asarray(ratio) - 1).tolist()
        return counts

    def row(self) -> dict[str, object]:
        """All of it."""
        errors = np.array(self.flux_errors)
        return {
            "found_false_missed": self.counts.tolist(),
            "cpu_s": round(self.cpu_s, 1),
            "flux_error": [round(float(np.median(each)), 4) for each in (errors, np.abs(errors))],
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("set")
    parser.add_argument("--number", type=int, default=6)
    options = parser.parse_args()
    settings = shipped_set(options.set)
    seeds = (
        seed
        for seed in settings.seeds("validation")
        if isinstance(settings.of(seed).imaging, Dirty)
        and settings.of(seed).noise.kind == "thermal"
    )
    found, clean_s = {"dirty": Found(), "cleaned": Found()}, 0.0
    for _, seed in zip(range(options.number), seeds, strict=False):
        made = simulate(settings, seed)
        wide = replace(made.cube, psf=made.scene.telescope.dirty_beam)
        start = time.process_time()
        cubes = {"dirty": made.cube, "cleaned": clean(wide, Clean()).image}
        clean_s += time.process_time() - start
        counts = {kind: found[kind].add(cube, made) for kind, cube in cubes.items()}
        print(json.dumps({"seed": seed, "lines": len(made.truth), **counts}), flush=True)
    rows = {kind: each.row() for kind, each in found.items()}
    print(json.dumps({"set": options.set, "clean_cpu_s": round(clean_s, 1), **rows}))


if __name__ == "__main__":
    main()
