"""Time and peak memory of simulating and of searching one cube, stage by stage.

    python benchmarks/time_memory.py

Each measurement is a fresh process with one thread. Time is wall time, memory the highest
resident size of the process up to the end of the stage, as the system counted it. The time of a
reference, numpy's rfft2 of every plane of a cube of that size, is measured beside them: ratios to
it carry over to other machines better than seconds do.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from measuring import MIB, Stopwatch, in_fresh_process, machine, peak_bytes

HERE = Path(__file__).resolve().parent
JOBS = ("reference", "simulate", "detect")


def measure_reference(watch: Stopwatch, options: argparse.Namespace) -> None:
    with watch.step("import"):
        import numpy as np

        from deepfocus.simulation.sets import load_set
    grid = load_set(options.set).observation.grid()
    cube = np.random.default_rng(0).standard_normal(grid.shape, dtype=np.float32)
    with watch.step("rfft2 of every plane"):
        for plane in cube:
            np.fft.rfft2(plane)


def measure_simulate(watch: Stopwatch, options: argparse.Namespace) -> None:
    with watch.step("import"):
        from deepfocus.instrument.telescope import Telescope
        from deepfocus.io.write_cube import write_cube
        from deepfocus.simulation import cube as simulation
        from deepfocus.simulation.faults import faults
        from deepfocus.simulation.sets import load_set
    settings = load_set(options.set)
    watch.watch(faults, "telescope_of", "uv tracks, dirty beam, primary beam")
    watch.watch(simulation, "observe", "sky, dirty images of the sources")
    watch.watch(Telescope, "dirty_cube", "noise-free dirty cube")
    watch.watch(type(settings.noise.model), "draw", f"noise ({settings.noise.kind})")
    watch.watch(simulation, "truth_catalogue", "truth catalogue")
    seed = settings.seeds("validation", 1)[0]
    with watch.step("adding noise, the rest"):
        simulated = simulation.simulate(settings, seed)
    with watch.step("writing FITS"):
        write_cube(simulated.cube, options.cube)


def measure_detect(watch: Stopwatch, options: argparse.Namespace) -> None:
    with watch.step("import"):
        from deepfocus.finders.slim.finder import Slim
        from deepfocus.io.fits_cube import read_cube
    with watch.step("reading the networks"):
        finder = Slim(weights=options.weights and str(options.weights)).ready()
    with watch.step("reading FITS"):
        cube = read_cube(options.cube)
    steps = (
        (finder.find_blobs, "integrating, Blobs Finder"),
        (finder.find_lines, "spectra, Deep GRU, line fits"),
        (finder.focus, "focusing, deblending"),
        (finder.compare, "duplicates, sidelobes"),
        (finder.measure_shapes, "morphology"),
        (finder.measure_fluxes, "3D models, fluxes"),
    )
    for step, name in steps:
        watch.watch(type(step), "__call__", name)
    with watch.step("coordinates, the rest"):
        finder.find(cube)


MEASURES = {
    "reference": measure_reference,
    "simulate": measure_simulate,
    "detect": measure_detect,
}


def child(options: argparse.Namespace) -> None:
    """In a fresh process: do one job and print what it took as JSON."""
    watch = Stopwatch(time.perf_counter)
    started = time.perf_counter()
    MEASURES[options.job](watch, options)
    total = time.perf_counter() - started
    print(
        json.dumps(
            {
                "seconds": watch.seconds,
                "peak_bytes": watch.peak_bytes,
                "total_s": total,
                "total_peak_bytes": peak_bytes(),
            }
        )
    )


def one_run(job: str, options: argparse.Namespace, cube: Path) -> dict[str, Any]:
    arguments = ["--job", job, "--cube", str(cube), "--set", str(options.set)]
    if options.weights:
        arguments += ["--weights", str(options.weights)]
    return in_fresh_process(__file__, f"'{job}'", arguments)


def table(job: str, runs: Sequence[dict[str, Any]], reference_s: float) -> str:
    """Median time and highest memory over the runs."""
    lines = [
        f"| {job} | time (s) | / reference | peak memory (MiB) |",
        "| --- | ---: | ---: | ---: |",
    ]

    def line(name: str, seconds: Sequence[float], peaks: Sequence[int]) -> str:
        median = statistics.median(seconds)
        ratio = median / reference_s
        return f"| {name} | {median:.2f} | {ratio:.2f} | {max(peaks) / MIB:.0f} |"

    # In the order in which the stages ended, which is the order of the memory too.
    for name in runs[0]["seconds"]:
        seconds = [run["seconds"][name] for run in runs]
        lines.append(line(name, seconds, [run["peak_bytes"][name] for run in runs]))
    totals = [run["total_s"] for run in runs]
    lines.append(line("**whole process**", totals, [run["total_peak_bytes"] for run in runs]))
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--set", type=Path, default=HERE / "paper.toml", help="settings of the set")
    parser.add_argument("--weights", type=Path, help="folder of networks (default: the shipped)")
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes a measurement")
    parser.add_argument("--only", choices=JOBS[1:], nargs="*", default=JOBS[1:])
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--cube", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.job:
        child(options)
        return
    with tempfile.TemporaryDirectory() as folder:
        cube = Path(folder) / "cube.fits"
        runs: dict[str, list[dict[str, Any]]] = {job: [] for job in JOBS}
        # In turn, not job by job: a machine that slows down slows all of them alike.
        for _ in range(options.repeat):
            for job in JOBS:
                if job in ("reference", *options.only) or not cube.exists():
                    runs[job].append(one_run(job, options, cube))
    reference_s = statistics.median(
        run["seconds"]["rfft2 of every plane"] for run in runs["reference"]
    )
    print(
        f"{machine()}; median time and highest memory of {options.repeat} runs; "
        f"set: {options.set.name}. Reference: numpy rfft2 of every plane of the cube, "
        f"{reference_s:.2f} s. Memory: highest resident size of the process up to the end of "
        "the stage.\n"
    )
    print("\n\n".join(table(job, runs[job], reference_s) for job in options.only))


if __name__ == "__main__":
    main()
