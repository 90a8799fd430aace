"""Time and peak memory of simulating and of searching one cube, stage by stage.

    python benchmarks/time_memory.py

Each measurement is a fresh process with one thread. Time is wall time, memory the highest
resident size of the process up to the end of the stage, as the system counted it. The time of a
reference, numpy's rfft2 of every plane of a cube of that size, is measured beside them: ratios to
it carry over to other machines better than seconds do.
"""

from __future__ import annotations

# Only the standard library up here: the size of this process counts in those it starts, since
# Linux hands the highest resident size on through fork and exec.
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
JOBS = ("reference", "simulate", "detect")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
}
MIB = 2**20


class Stopwatch:
    """Wall time of each stage, without that of the stages inside it, and memory at its end."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peak_bytes: dict[str, int] = {}
        self._inner = [0.0]

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self._inner.append(0.0)
        started = time.perf_counter()
        try:
            yield
        finally:
            whole = time.perf_counter() - started
            inner = self._inner.pop()
            self._inner[-1] += whole
            self.seconds[name] = self.seconds.get(name, 0.0) + whole - inner
            self.peak_bytes[name] = peak_bytes()

    def watch(self, owner: Any, attribute: str, name: str) -> None:
        """From now on, calls of that function of a module or class are a stage."""
        original: Callable[..., Any] = getattr(owner, attribute)

        @wraps(original)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return original(*args, **kwargs)

        setattr(owner, attribute, timed)


def peak_bytes() -> int:
    """Highest resident size of this process so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if platform.system() == "Darwin" else peak * 1024


def measure_reference(watch: Stopwatch, options: argparse.Namespace) -> None:
    with watch.stage("import"):
        import numpy as np

        from deepfocus.simulate.settings import load_set
    grid = load_set(options.set).observation.grid()
    cube = np.random.default_rng(0).standard_normal(grid.shape, dtype=np.float32)
    with watch.stage("rfft2 of every plane"):
        for plane in cube:
            np.fft.rfft2(plane)


def measure_simulate(watch: Stopwatch, options: argparse.Namespace) -> None:
    with watch.stage("import"):
        from deepfocus.instrument.telescope import Telescope
        from deepfocus.io.write_cube import write_cube
        from deepfocus.simulate import cube as simulation
        from deepfocus.simulate.settings import load_set
    settings = load_set(options.set)
    watch.watch(simulation, "telescope", "uv tracks, dirty beam, primary beam")
    watch.watch(simulation, "observe", "sky, dirty images of the sources")
    watch.watch(Telescope, "dirty_cube", "noise-free dirty cube")
    watch.watch(type(settings.noise.model), "draw", f"noise ({settings.noise.kind})")
    watch.watch(simulation, "truth_catalogue", "truth catalogue")
    seed = settings.seeds("validation", 1)[0]
    with watch.stage("adding noise, the rest"):
        simulated = simulation.simulate(settings, seed)
    with watch.stage("writing FITS"):
        write_cube(simulated.cube, options.cube)


def measure_detect(watch: Stopwatch, options: argparse.Namespace) -> None:
    with watch.stage("import"):
        from deepfocus.io.fits_cube import read_cube
        from deepfocus.pipeline.blobs_finder import BlobsFinder
        from deepfocus.pipeline.deep_gru import DeepGru
        from deepfocus.pipeline.deepfocus import DeepFocus
        from deepfocus.pipeline.flux import Flux
        from deepfocus.pipeline.focusing import Focusing
        from deepfocus.pipeline.morphology import Morphology
        from deepfocus.pipeline.neighbours import Neighbours
        from deepfocus.weights.load import load_networks
    with watch.stage("reading the networks"):
        finder = DeepFocus(load_networks(options.weights))
    with watch.stage("reading FITS"):
        cube = read_cube(options.cube)
    stages = (
        (BlobsFinder, "integrating, Blobs Finder"),
        (DeepGru, "spectra, Deep GRU, line fits"),
        (Focusing, "focusing, deblending"),
        (Neighbours, "duplicates, sidelobes"),
        (Morphology, "morphology"),
        (Flux, "3D models, fluxes"),
    )
    for stage, name in stages:
        watch.watch(stage, "__call__", name)
    with watch.stage("coordinates, the rest"):
        finder.detect(cube)


MEASURES = {
    "reference": measure_reference,
    "simulate": measure_simulate,
    "detect": measure_detect,
}


def child(options: argparse.Namespace) -> None:
    """In a fresh process: do one job and print what it took as JSON."""
    watch = Stopwatch()
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


def in_fresh_process(job: str, options: argparse.Namespace, cube: Path) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).resolve()), "--job", job, "--cube", str(cube)]
    command += ["--set", str(options.set)]
    if options.weights:
        command += ["--weights", str(options.weights)]
    done = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"error: measuring '{job}' failed, see above")
    return json.loads(done.stdout.splitlines()[-1])


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


def processor() -> str:
    """The name of the processor, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


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
                    runs[job].append(in_fresh_process(job, options, cube))
    reference_s = statistics.median(
        run["seconds"]["rfft2 of every plane"] for run in runs["reference"]
    )
    print(
        f"{processor()}, {os.cpu_count()} cores, one thread used; Python "
        f"{platform.python_version()}; median time and highest memory of {options.repeat} runs; "
        f"set: {options.set.name}. Reference: numpy rfft2 of every plane of the cube, "
        f"{reference_s:.2f} s. Memory: highest resident size of the process up to the end of "
        "the stage.\n"
    )
    print("\n\n".join(table(job, runs[job], reference_s) for job in options.only))


if __name__ == "__main__":
    main()
