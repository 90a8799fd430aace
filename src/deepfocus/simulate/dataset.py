"""Data sets on disk: cube and truth for each seed, by any number of workers, resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.settings import settings_to
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.simulate.cube import simulate
from deepfocus.simulate.settings import SetSettings
from deepfocus.simulate.workers import one_thread_each


def write_set(
    settings: SetSettings,
    out: Path,
    seeds: Sequence[int],
    *,
    workers: int = 1,
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
    for seed in _written(settings, out, missing, workers):
        done += 1
        if report:
            report(done, len(cubes), f"{seed}.fits")
    return cubes


def _finished(cube: Path) -> bool:
    return cube.exists() and _truth_path(cube).exists()


def _truth_path(cube: Path) -> Path:
    return cube.with_suffix(".truth.ecsv")


def _written(settings: SetSettings, out: Path, seeds: Sequence[int], workers: int):  # type: ignore[no-untyped-def]
    if workers <= 1 or len(seeds) <= 1:
        for seed in seeds:
            yield _write_one(settings, out, seed)
        return
    with ProcessPoolExecutor(min(workers, len(seeds)), initializer=one_thread_each) as pool:
        jobs = [pool.submit(_write_one, settings, out, seed) for seed in seeds]
        for job in as_completed(jobs):
            yield job.result()


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
