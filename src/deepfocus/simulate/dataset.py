"""Data sets on disk: cube and truth for each seed, by any number of workers, resumable."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_to
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.simulate.cube import simulate
from deepfocus.simulate.settings import SetSettings
from deepfocus.simulate.workers import IN_TURN, Workers


def write_set(
    settings: SetSettings,
    out: Path,
    seeds: Sequence[int],
    *,
    workers: Workers = IN_TURN,
    report: Callable[[int, int, str], None] | None = None,
) -> list[Path]:
    """Write `<seed>.fits` and `<seed>.truth.ecsv` into `out` for every seed; return the cubes.

    A seed whose two files exist is left alone, so a stopped run goes on where it was. The same
    seed gives the same cube on any number of workers. `report(done, total, name)` is called
    after each. Raises `DeepFocusError` where `out` holds cubes of other settings.
    """
    out = Path(out)
    _claim(out, settings)
    cubes = [out / f"{seed}.fits" for seed in seeds]
    missing = [s for s, cube in zip(seeds, cubes, strict=True) if not _finished(cube)]
    done = len(cubes) - len(missing)
    for seed in workers.run(partial(_write_one, settings, out), missing):
        done += 1
        if report:
            report(done, len(cubes), f"{seed}.fits")
    return cubes


def _finished(cube: Path) -> bool:
    return cube.exists() and _truth_path(cube).exists()


def _truth_path(cube: Path) -> Path:
    return cube.with_suffix(".truth.ecsv")


def check_set(
    settings: SetSettings,
    out: Path,
    seeds: Sequence[int],
    *,
    report: Callable[[int, int, str], None] | None = None,
) -> list[int]:
    """Make the cubes of `seeds` anew and compare; return the seeds whose files differ.

    Cube, dirty beam, primary beam and truth are compared byte by byte. Raises `DeepFocusError`
    where `out` holds cubes of other settings, or where one of `seeds` is not there.
    """
    out = Path(out)
    _claim(out, settings)
    differing = []
    for done, seed in enumerate(seeds, start=1):
        if not _finished(out / f"{seed}.fits"):
            raise DeepFocusError(
                f"{out} has no finished cube of seed {seed}",
                wanted="a cube and its truth for every seed that is checked",
                remedy="finish the set first, without --check",
            )
        with tempfile.TemporaryDirectory() as scratch:
            _write_one(settings, Path(scratch), seed)
            names = sorted(path.name for path in Path(scratch).iterdir())
            if any(not _same(Path(scratch) / name, out / name) for name in names):
                differing.append(seed)
        if report:
            report(done, len(seeds), f"{seed}.fits")
    return differing


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _write_one(settings: SetSettings, out: Path, seed: int) -> int:
    made = simulate(settings, seed)
    cube = out / f"{seed}.fits"
    write_cube(made.cube, cube)
    # the truth comes last: it marks the pair as finished
    write_catalogue(made.truth, _truth_path(cube))
    return seed


def _claim(out: Path, settings: SetSettings) -> None:
    """Write the resolved settings into the folder, or check that it holds the same ones."""
    import json

    from deepfocus.core.files import whole_file

    text = json.dumps(settings_to(settings), indent=2) + "\n"
    path = out / "settings.json"
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise DeepFocusError(
                f"{out} holds a set made with other settings",
                wanted="an empty folder or one of the same set",
                remedy=f"choose another folder or remove {path}",
            )
        return
    if out.exists() and not out.is_dir():
        raise DeepFocusError(
            f"{out} is a file", wanted="a folder for the set", remedy="choose another --out"
        )
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
