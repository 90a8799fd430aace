"""`deepfocus detect`, killed with `kill -9` at random moments and started again: the same bytes?

    python benchmarks/killed_runs.py FOLDER_OR_CUBE ... --times 5 --seed 1 -- --memory "1 GB"

The inputs are searched once without interruption, and once with as many kills, each followed by
another start with --resume. When they come is drawn over the time of the first run, from one start
to the next. All files of both output folders are compared, and a run that was at its end before it
could be killed counts as a failure. What stands behind `--` goes to the command.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

SHORTEST_S = 1.0
"""From a start to its kill."""


def contents(folder: Path) -> dict[str, str]:
    """Hash of every file, by name; hidden ones too, which nothing may leave."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def command(inputs: list[str], out: Path, further: list[str]) -> list[str]:
    start = [sys.executable, "-m", "deepfocus", "detect", *inputs, "--out", str(out), "--resume"]
    return [*start, *further]


def killed(run: list[str], after_s: float) -> bool:
    """Start a run and kill it, with all its processes; False if it ended by itself."""
    quiet = subprocess.DEVNULL
    with subprocess.Popen(run, stdout=quiet, stderr=quiet, start_new_session=True) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return True
    return False


def starts(times: int, took_s: float, rng: random.Random) -> list[float]:
    """Seconds from each start to its kill: so many, at moments drawn over nine tenths of a run."""
    moments = sorted(rng.uniform(0.0, 0.9 * took_s) for _ in range(times))
    return [max(b - a, SHORTEST_S) for a, b in pairwise([0.0, *moments])]


def _parted(words: list[str]) -> tuple[list[str], list[str]]:
    """What stands before and behind the first `--`."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    ours, further = _parted(sys.argv[1:])
    arguments = parser.parse_args(ours)
    with tempfile.TemporaryDirectory() as folder:
        whole, broken = Path(folder, "whole"), Path(folder, "broken")
        start = time.monotonic()
        subprocess.run(command(arguments.inputs, whole, further), check=True)
        took = time.monotonic() - start
        print(f"without interruption: {took:.1f} s, {len(contents(whole))} files", flush=True)
        kills = 0
        for after_s in starts(arguments.times, took, random.Random(arguments.seed)):
            was_killed = killed(command(arguments.inputs, broken, further), after_s)
            kills += was_killed
            finished = len(list(broken.glob("*.catalogue.ecsv"))) if broken.is_dir() else 0
            how = "killed after" if was_killed else "ended by itself before"
            print(f"{how} {after_s:.1f} s: {finished} cubes finished", flush=True)
        subprocess.run(command(arguments.inputs, broken, further), check=True)
        one, other = contents(whole), contents(broken)
    differ = [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]
    print(f"different: {', '.join(differ)}" if differ else f"all {len(one)} files are the same")
    print(f"{kills} of {arguments.times} starts were killed")
    return int(bool(differ) or kills < arguments.times)


if __name__ == "__main__":
    sys.exit(main())
