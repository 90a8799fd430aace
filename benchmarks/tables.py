"""Every table and figure of the comparison, from seeds: all finders on all sets, and their page.

    python benchmarks/tables.py --out runs/tables                # a night on two cores
    python benchmarks/tables.py --out runs/tables --share 0.02   # a first look, which it extends

Runs `deepfocus benchmark` on each set and `deepfocus evaluate --report` on what that recorded.
What is recorded is not searched again, so a run that was stopped goes on, and one with a larger
--share or further finders adds to it. OUT/report/index.html has all of it; OUT/times.jsonl says how
long each set took this time. Finders whose packages or programs are not installed are left out,
and named.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from measuring import ONE_THREAD

from deepfocus.core.errors import DeepFocusError
from deepfocus.finders.kinds import finder_from, finder_kinds
from deepfocus.finders.tuned import tuned_names

CUBES = {"paper": 1000, "varied": 300, "faint": 200, "blends": 200, "galaxies": 100, "empty": 200}
"""How many of each set."""


def available(names: Sequence[str]) -> Iterator[str]:
    """Those of the finders that can be made ready here; of the others it is said why not."""
    for name in names:
        try:
            finder_from({"kind": name}).ready()
        except DeepFocusError as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
        else:
            yield name


def number_of(name: str, share: float) -> int:
    """Cubes of a set, of which at least one is searched."""
    return max(1, math.ceil(share * CUBES[name]))


def benchmark_command(
    name: str, finders: Sequence[str], *, number: int, split: str, out: Path, workers: int | None
) -> list[str]:
    chosen = [word for finder in finders for word in ("--finder", finder)]
    run = ["benchmark", name, *chosen, "--number", str(number), "--split", split]
    spread = [] if workers is None else ["--workers", str(workers)]
    return [sys.executable, "-m", "deepfocus", *run, *spread, "--out", str(out)]


def report_command(folders: Sequence[Path], out: Path) -> list[str]:
    places = [str(folder) for folder in folders]
    return [sys.executable, "-m", "deepfocus", "evaluate", *places, "--report", str(out)]


def _timed(command: list[str], *, what: str, out: Path) -> None:
    """Run a command to its end, and note how long it took. Raises `CalledProcessError`."""
    start = time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD}, stdout=sys.stderr)
    took = {"what": what, "wall_s": round(time.perf_counter() - start, 1)}
    with (out / "times.jsonl").open("a", encoding="utf-8") as times:
        times.write(json.dumps(took) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=list(CUBES), default=list(CUBES))
    parser.add_argument("--finders", nargs="+", default=None, help="names, or FILE.toml")
    parser.add_argument("--share", type=float, default=1.0, help="of each set's cubes")
    parser.add_argument("--split", choices=["validation", "test"], default="validation")
    parser.add_argument("--workers", type=int, default=None)
    options = parser.parse_args()
    finders = options.finders or list(available((*finder_kinds(), *tuned_names())))
    options.out.mkdir(parents=True, exist_ok=True)
    folders = [options.out / name for name in options.sets]
    for name, folder in zip(options.sets, folders, strict=True):
        command = benchmark_command(
            name,
            finders,
            number=number_of(name, options.share),
            split=options.split,
            out=folder,
            workers=options.workers,
        )
        _timed(command, what=name, out=options.out)
    _timed(report_command(folders, options.out / "report"), what="report", out=options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
