"""CPU time and peak memory of simulating cubes, step by step, and how both grow with the size.

    python benchmarks/simulate.py
    python benchmarks/simulate.py --sizes 128x256 --cases thermal --fits

Each case and size is measured in fresh processes with one thread: imports, the array (tracks,
beams), then the same cube twice. The steps are those of the second cube, which is what every
further cube of a set costs; the first one also fills caches. Time is CPU time, user and system.
Memory is the highest resident size of the process, whole and above what it is after the imports.
Ratios to numpy's standard_normal of the same cube carry over to other machines better than
seconds do. After the tables comes everything as one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from measuring import MIB, Stopwatch, in_fresh_process, machine

from deepfocus.core.memory import forget_peak, peak_bytes

CASES = ("noise-free", "white", "thermal")
REFERENCE = "reference"
SIZES = ("128x256", "128x512", "256x512", "256x1024", "512x1024")
SEED = 2_000_000
SOURCES = 6
"""The most that a cube of the paper has."""
STEPS = ("sky", "dirty components", "noise", "assembling the cube", "truth, the rest")
ONCE = ("imports", "array set-up")


def system_seconds() -> float:
    """CPU time so far that the system took for this process: for new memory, mostly."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_stime


def measure_reference(channels: int, size: int) -> dict[str, Any]:
    import numpy as np

    def draw() -> np.ndarray:
        return np.random.default_rng(0).standard_normal((channels, size, size), dtype=np.float32)

    watch = Stopwatch(time.process_time)
    cube = draw()
    with watch.step("copy"):
        cube.copy()
    del cube
    with watch.step("standard_normal"):
        draw()
    return {"seconds": watch.seconds}


def measure(case: str, channels: int, size: int, folder: str | None) -> dict[str, Any]:
    once, watch = Stopwatch(time.process_time), Stopwatch(time.process_time)
    with once.step("imports"):
        from astropy import units as u

        from deepfocus.instrument.observation import Observation
        from deepfocus.instrument.telescope import Telescope
        from deepfocus.io.write_cube import write_cube
        from deepfocus.simulation import cube as simulation
        from deepfocus.simulation.settings import Noise, SetSettings
        from deepfocus.sky.components import SkyModel
        from deepfocus.sky.population import PaperPopulation
    peaks = {"after imports": peak_bytes()}
    settings = SetSettings(
        observation=Observation(channels=channels, size=size, cell=0.1 * u.arcsec),
        population=PaperPopulation(companions=(SOURCES - 1, SOURCES - 1)),
        noise=Noise(kind="white" if case == "noise-free" else case),
    )
    with once.step("array set-up"):
        seen = simulation.telescope_of(settings.observation)
        assert seen.transfer.size
        assert seen.beam
    peaks["array set-up"] = peak_bytes()
    watch.watch(PaperPopulation, "draw", "sky")
    watch.watch(SkyModel, "images", "sky")
    watch.watch(Telescope, "dirty_components", "dirty components")
    watch.watch(type(settings.noise.model), "draw", "noise")
    watch.watch(simulation.Scene, "add_to", "assembling the cube")
    watch.watch(simulation.Scene, "noise_free", "assembling the cube")

    def make() -> Any:
        with watch.step("truth, the rest"):
            if case == "noise-free":
                return simulation.observe(settings, SEED).noise_free()
            return simulation.simulate(settings, SEED).cube

    forget_peak()
    make()
    first, watch.seconds = sum(watch.seconds.values()), {}
    before = system_seconds()
    cube = make()
    system = system_seconds() - before
    peaks["the cube"] = peak_bytes()
    if folder and case != "noise-free":
        forget_peak()
        with once.step("writing FITS"):
            write_cube(cube, Path(folder) / "cube.fits")
        peaks["writing FITS"] = peak_bytes()
    return {
        "once": once.seconds,
        "seconds": watch.seconds,
        "first_cube_s": first,
        "system_s": system,
        "peaks": peaks,
    }


def one_run(case: str, at: str, *, fits: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--child", case, "--sizes", at, *(["--folder", folder] if fits else [])]
        return in_fresh_process(__file__, f"'{case}' at {at}", arguments)


def summary(runs: Sequence[dict[str, Any]], at: str) -> dict[str, Any]:
    """Medians of the times and the highest of the memories of some runs of a case."""

    def medians(key: str) -> dict[str, float]:
        names = runs[0].get(key, {})
        return {name: statistics.median(run[key][name] for run in runs) for name in names}

    out: dict[str, Any] = {"seconds": medians("seconds"), "once": medians("once")}
    out["cube_s"] = statistics.median(sum(run["seconds"].values()) for run in runs)
    if "peaks" not in runs[0]:
        return out
    for name in ("first_cube_s", "system_s"):
        out[name] = statistics.median(run[name] for run in runs)
    out["peaks"] = {name: max(run["peaks"][name] for run in runs) for name in runs[0]["peaks"]}
    whole = max(out["peaks"].values())
    out["whole_cubes"] = whole / cube_bytes(at)
    out["growth_cubes"] = (whole - out["peaks"]["after imports"]) / cube_bytes(at)
    return out


def shape(at: str) -> tuple[int, int]:
    """(channels, size) of '128x256'."""
    channels, size = at.split("x")
    return int(channels), int(size)


def cube_bytes(at: str) -> int:
    channels, size = shape(at)
    return 4 * channels * size**2


def steps_table(at: str, cases: dict[str, dict[str, Any]]) -> str:
    """CPU seconds of every step, memory at the end: one column a case."""
    reference = cases[REFERENCE]["seconds"]["standard_normal"]
    cases = {case: one for case, one in cases.items() if case != REFERENCE}
    channels, size = shape(at)
    title = f"{channels} x {size} x {size}, {cube_bytes(at) / MIB:.0f} MiB"
    lines = [f"| {title} | {' | '.join(cases)} |", "| --- |" + " ---: |" * len(cases)]

    def line(name: str, cell: Callable[[dict[str, Any]], str]) -> None:
        lines.append(f"| {name} | {' | '.join(cell(one) for one in cases.values())} |")

    def seconds(key: str, name: str) -> Callable[[dict[str, Any]], str]:
        return lambda one: f"{one[key][name]:.3f}" if name in one[key] else "-"

    for name in ONCE:
        line(f"{name}, once (CPU-s)", seconds("once", name))
    line("first cube (CPU-s)", lambda one: f"{one['first_cube_s']:.3f}")
    for name in STEPS:
        line(f"{name} (CPU-s)", seconds("seconds", name))
    line("**each further cube (CPU-s)**", lambda one: f"**{one['cube_s']:.3f}**")
    line("of which the system's (CPU-s)", lambda one: f"{one['system_s']:.3f}")
    line("/ standard_normal of the cube", lambda one: f"{one['cube_s'] / reference:.2f}")
    if any("writing FITS" in one["once"] for one in cases.values()):
        line("writing FITS (CPU-s)", seconds("once", "writing FITS"))

    def memory(name: str) -> Callable[[dict[str, Any]], str]:
        return lambda one: f"{one['peaks'][name] / MIB:.0f}" if name in one["peaks"] else "-"

    for name in next(reversed(cases.values()))["peaks"]:
        line(f"memory: {name} (MiB)", memory(name))
    line("**peak, whole process / cube**", lambda one: f"**{one['whole_cubes']:.2f}**")
    line("**peak above imports / cube**", lambda one: f"**{one['growth_cubes']:.2f}**")
    return "\n".join(lines)


def growth_table(results: dict[str, dict[str, dict[str, Any]]]) -> str:
    """Nanoseconds a voxel and memory in cubes, one row a size: constant where growth is linear."""
    cases = [case for case in next(iter(results.values())) if case != REFERENCE]
    heads = ["cube", "voxels", *(f"{case} (system), ns/voxel" for case in cases)]
    heads += ["standard_normal (ns/voxel)", "copy (ns/voxel)", "set-up (CPU-s)"]
    heads += [f"{case} peak / cube, whole (above imports)" for case in cases]
    lines = [f"| {' | '.join(heads)} |", "| --- |" + " ---: |" * (len(heads) - 1)]
    for at, of in results.items():
        voxels = cube_bytes(at) / 4
        row = [at, f"{voxels / 1e6:.1f} M"]
        for case in cases:
            whole, system = (of[case][name] / voxels * 1e9 for name in ("cube_s", "system_s"))
            row.append(f"{whole:.2f} ({system:.2f})")
        row += [
            f"{of[REFERENCE]['seconds'][name] / voxels * 1e9:.2f}"
            for name in ("standard_normal", "copy")
        ]
        row.append(f"{of[cases[0]]['once']['array set-up']:.2f}")
        row += [f"{of[case]['whole_cubes']:.2f} ({of[case]['growth_cubes']:.2f})" for case in cases]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", nargs="+", default=SIZES, help="channels x side, as 128x256")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--repeat", type=int, default=3, help="fresh processes a measurement")
    parser.add_argument("--fits", action="store_true", help="also write the cubes to files")
    parser.add_argument("--child", choices=(REFERENCE, *CASES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        channels, size = shape(options.sizes[0])
        if options.child == REFERENCE:
            print(json.dumps(measure_reference(channels, size)))
        else:
            print(json.dumps(measure(options.child, channels, size, options.folder)))
        return
    results: dict[str, dict[str, dict[str, Any]]] = {}
    for at in options.sizes:
        runs: dict[str, list[dict[str, Any]]] = {case: [] for case in (REFERENCE, *options.cases)}
        # in turn, not case by case: a machine that slows down slows all of them alike
        for _ in range(options.repeat):
            for case in runs:
                runs[case].append(one_run(case, at, fits=options.fits))
        results[at] = {case: summary(of, at) for case, of in runs.items()}
    print(
        f"{machine()}; {SOURCES} sources; median time and highest memory of {options.repeat} "
        "fresh processes.\n"
    )
    for at, cases in results.items():
        print(steps_table(at, cases) + "\n")
    print(growth_table(results) + "\n")
    print(json.dumps({"machine": machine(), "repeat": options.repeat, "sizes": results}))


if __name__ == "__main__":
    main()
