"""A data set as FITS files: cube and truth for each seed, by any number of workers, resumable."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import sweep_temporary, whole_file
from deepfocus.core.settings import settings_from, settings_to
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.write_cube import write_cube
from deepfocus.simulate.cube import simulate
from deepfocus.simulate.settings import Seeds, SetSettings
from deepfocus.simulate.workers import IN_TURN, Workers

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class FitsSet:
    """A folder of cubes: `<seed>.fits` with its dirty and primary beam, and its truth twice."""

    settings: SetSettings
    out: Path

    def write(
        self, seeds: Sequence[int], *, workers: Workers = IN_TURN, report: Report | None = None
    ) -> list[Path]:
        """Write the files of every seed; return the cubes.

        A finished seed is left alone, so a stopped run goes on where it was. The same seed gives
        the same cube on any number of workers. `report(done, total, name)` is called after each.
        Raises `DeepFocusError` where the folder holds cubes of other settings.
        """
        settings = _claim(self.out, self.settings)
        sweep_temporary(self.out, ".[0-9]*")
        cubes = [self.out / f"{seed}.fits" for seed in seeds]
        missing = [s for s, cube in zip(seeds, cubes, strict=True) if not _finished(cube)]
        done = len(cubes) - len(missing)
        for seed in workers.run(partial(_write_one, settings, self.out), missing):
            done += 1
            if report:
                report(done, len(cubes), f"{seed}.fits")
        return cubes

    def check(self, seeds: Sequence[int], *, report: Report | None = None) -> list[int]:
        """Make the cubes of `seeds` anew and compare; return the seeds whose files differ.

        Cube, dirty beam, primary beam and truth are compared byte by byte. Raises
        `DeepFocusError` where the folder holds cubes of other settings, or one of `seeds` is
        not there.
        """
        if not (self.out / "settings.json").exists():
            raise DeepFocusError(
                f"{self.out} holds no set",
                wanted="a folder that deepfocus simulate wrote",
                remedy="make the set first, without --check",
            )
        settings = _claim(self.out, self.settings)
        differing = []
        for done, seed in enumerate(seeds, start=1):
            if not _finished(self.out / f"{seed}.fits"):
                raise DeepFocusError(
                    f"{self.out} has no finished cube of seed {seed}",
                    wanted="a cube and its truth for every seed that is checked",
                    remedy="finish the set first, without --check",
                )
            with tempfile.TemporaryDirectory() as scratch:
                _write_one(settings, Path(scratch), seed)
                names = sorted(path.name for path in Path(scratch).iterdir())
                if any(not _same(Path(scratch) / name, self.out / name) for name in names):
                    differing.append(seed)
            if report:
                report(done, len(seeds), f"{seed}.fits")
        return differing

    def again(self, seeds: Sequence[int]) -> str:
        """How to have these cubes made again."""
        which = " ".join(map(str, seeds))
        return f"remove {self.out}/SEED.* for SEED in {which}, and simulate again"

    def summary(self) -> str:
        """What is said of a folder at the end: no more."""
        return ""


def provenance_of(settings: SetSettings) -> dict[str, Any]:
    """What decides what the cubes are: the settings, and what is in an antenna file they name."""
    antennas = Path(settings.observation.configuration)
    named: dict[str, Any] = {"settings": settings_to(settings)}
    if antennas.suffix == ".cfg" and antennas.is_file():
        named["antennas"] = hashlib.sha256(antennas.read_bytes()).hexdigest()
    return named


def same_cubes(one: Any, other: Any) -> bool:
    """Whether two values of `provenance_of` mean the same cubes: seeds may be added to a split."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        one, other = ({k: v for k, v in each.items() if k != "split"} for each in (one, other))
    return bool(one == other)


def _finished(cube: Path) -> bool:
    beside = (".psf.fits", ".pb.fits", ".truth.fits", ".truth.ecsv")
    return cube.exists() and all(cube.with_suffix(suffix).exists() for suffix in beside)


def _truth_path(cube: Path) -> Path:
    return cube.with_suffix(".truth.ecsv")


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _write_one(settings: SetSettings, out: Path, seed: int) -> int:
    made = simulate(settings, seed)
    cube = out / f"{seed}.fits"
    write_cube(made.cube, cube)
    write_catalogue(made.truth, cube.with_suffix(".truth.fits"))
    # this one comes last: it marks the seed as finished
    write_catalogue(made.truth, _truth_path(cube))
    return seed


def _claim(out: Path, settings: SetSettings) -> SetSettings:
    """Write the resolved settings into the folder, or check that it holds the same ones.

    Gives them with the seeds with which the folder was begun: they stand in every file's header.
    """
    made = provenance_of(settings)
    # the digest of an antenna file beside its settings
    plain = made.pop("settings") | made
    path = out / "settings.json"
    if path.exists():
        begun = _read_json(path)
        if not same_cubes(begun, plain):
            raise DeepFocusError(
                f"{out} holds a set made with other settings",
                wanted="an empty folder or one of the same set",
                remedy=f"choose another folder or remove {path}",
            )
        return replace(settings, split=settings_from(begun["split"], Seeds))
    if out.exists() and not out.is_dir():
        raise DeepFocusError(
            f"{out} is a file", wanted="a folder for the set", remedy="choose another --out"
        )
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    return settings


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # damaged
        return None
