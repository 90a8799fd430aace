"""CPU time of a cube of each set that ships, and what its limits cost.

    python benchmarks/sets.py
    python benchmarks/sets.py galaxies --cubes 40

One thread, one process. Beams are made beforehand, since a set makes them once. The same cubes are
simulated with and without limits, in turns, and the ratio of both says what the limits cost; the
ratio to drawing a cube of normal numbers carries over to other machines.
"""

from __future__ import annotations

import argparse
import os
import time

from measuring import ONE_THREAD, machine

CUBES = 24
"""Validation cubes of each set: a multiple of the number of kinds of every set."""


def seconds_a_cube(name: str, cubes: int) -> tuple[float, float, float]:
    """CPU seconds with limits, without, and of normal numbers for as many voxels."""
    import numpy as np

    from deepfocus.simulation import cube as simulation
    from deepfocus.simulation.sets import shipped_set

    settings = shipped_set(name)
    seeds = settings.seeds("validation", cubes)
    for seed in seeds[: len(settings.variants)]:
        simulation.simulate(settings, seed)
    limits_of = simulation.limits_of
    spent = {"with": 0.0, "without": 0.0, "normal": 0.0}
    for seed in seeds:
        for case, limits in (("with", limits_of), ("without", _no_limits)):
            simulation.limits_of = limits
            start = time.process_time()
            made = simulation.simulate(settings, seed)
            spent[case] += time.process_time() - start
        start = time.process_time()
        np.random.default_rng(0).standard_normal(made.cube.data.shape, dtype=np.float32)
        spent["normal"] += time.process_time() - start
    simulation.limits_of = limits_of
    return spent["with"] / cubes, spent["without"] / cubes, spent["normal"] / cubes


def _no_limits(sky: object, view: object, noise: object) -> tuple[tuple[()], ...]:
    return tuple(() for _ in sky.components)  # type: ignore[attr-defined]


def main() -> None:
    from deepfocus.simulation.sets import SHIPPED

    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("sets", nargs="*", default=list(SHIPPED))
    options.add_argument("--cubes", type=int, default=CUBES)
    asked = options.parse_args()
    print(machine())
    print("| set | CPU s a cube | without limits | ratio | / standard_normal |")
    print("|---|---:|---:|---:|---:|")
    for name in asked.sets:
        limits, plain, normal = seconds_a_cube(name, asked.cubes)
        print(
            f"| `{name}` | {limits:.2f} | {plain:.2f} | {limits / plain:.2f} | "
            f"{limits / normal:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
