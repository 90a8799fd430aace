"""A resumable data set of FITS files: cube and truth for each seed, by any number of workers."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import sweep_temporary
from deepfocus.core.settings import settings_from
from deepfocus.io.catalogues import write_catalogue
from deepfocus.io.write_cube import write_corrected, write_cube
from deepfocus.jobs.claim import CLAIM, claim, give_up
from deepfocus.jobs.tally import Report, Tally, silent
from deepfocus.jobs.workers import IN_TURN, Workers
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import AnySet, set_to
from deepfocus.simulation.settings import Seeds
from deepfocus.simulation.view import RESTORED
from deepfocus.sky.galaxies_anywhere import GalaxiesAnywhere
from deepfocus.sky.sky_cube import SkyCube

FREE = ("split",)
"""Seeds may be added to a set: they decide which cubes exist, not what is in them."""


@dataclass(frozen=True)
class FitsSet:
    """A folder of cubes `<seed>.fits`, with beams, and truth in two formats.

    A dirty cube has its dirty and primary beam beside it; a cleaned one its primary beam, and
    itself corrected for that.
    """

    settings: AnySet
    out: Path

    def write(
        self, seeds: Sequence[int], *, workers: Workers = IN_TURN, report: Report = silent
    ) -> list[Path]:
        """Write the files of every seed; return the paths of the cubes.

        Finished seeds are skipped, so a stopped run resumes. The same seed gives the same cube on
        any number of workers. `report(done, total, name)` is called after each.
        Raises `DeepFocusError` if the folder contains cubes made with other settings.
        """
        settings = _claim(self.out, self.settings)
        sweep_temporary(self.out, ".[0-9]*")
        cubes = [self.out / f"{seed}.fits" for seed in seeds]
        missing = [s for s, cube in zip(seeds, cubes, strict=True) if not _finished(settings, cube)]
        tally = Tally(len(cubes), len(cubes) - len(missing), report)
        try:
            for seed in workers.run(partial(_write_one, settings, self.out), missing):
                tally.count(f"{seed}.fits")
        except DeepFocusError:
            give_up(self.out)
            raise
        return cubes

    def check(self, seeds: Sequence[int], *, report: Report = silent) -> list[int]:
        """Remake the cubes of `seeds` and compare; return the seeds whose files differ.

        Cube, dirty beam, primary beam and truth are compared byte by byte. Raises
        `DeepFocusError` if the folder contains cubes made with other settings, or lacks one of
        `seeds`.
        """
        if not (self.out / CLAIM).exists():
            raise DeepFocusError(
                f"{self.out} contains no set",
                wanted="a folder that deepfocus simulate wrote",
                remedy="make the set first, without --check",
            )
        settings = _claim(self.out, self.settings)
        differing = []
        for done, seed in enumerate(seeds, start=1):
            if not _finished(settings, self.out / f"{seed}.fits"):
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
            report(done, len(seeds), f"{seed}.fits")
        return differing

    def again(self, seeds: Sequence[int]) -> str:
        """How to remake these cubes."""
        which = " ".join(map(str, seeds))
        return f"remove {self.out}/SEED.* for SEED in {which}, and simulate again"

    def summary(self) -> str:
        """What to add to the final message: nothing for a folder."""
        return ""


def provenance_of(settings: AnySet) -> dict[str, Any]:
    """What determines the cubes: the settings, and the content of any file that they name."""
    named: dict[str, Any] = {"settings": set_to(settings)}
    antennas: dict[str, str] = {}
    templates: dict[str, str] = {}
    for variant in settings.variants:
        population = variant.population
        for seen, _ in variant.observation.executions():
            array = Path(seen.configuration)
            if array.suffix == ".cfg" and array.is_file():
                antennas |= _digests((array,))
        if isinstance(population, GalaxiesAnywhere | SkyCube):
            templates |= _digests(population.files)
    if antennas:
        # one file is the digest alone, as in sets of one kind
        named["antennas"] = antennas if len(antennas) > 1 else next(iter(antennas.values()))
    if templates:
        named["templates"] = templates
    return named


def _digests(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of each file's content, by its path."""
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def _finished(settings: AnySet, cube: Path) -> bool:
    cleaned = isinstance(settings.of(int(cube.stem)).imaging, RESTORED)
    suffixes = (".pbcor.fits" if cleaned else ".psf.fits", ".pb.fits", ".truth.fits", ".truth.ecsv")
    return cube.exists() and all(cube.with_suffix(suffix).exists() for suffix in suffixes)


def _truth_path(cube: Path) -> Path:
    return cube.with_suffix(".truth.ecsv")


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def _write_one(settings: AnySet, out: Path, seed: int) -> int:
    made = simulate(settings, seed)
    cube = out / f"{seed}.fits"
    if isinstance(settings.of(seed).imaging, RESTORED):
        write_corrected(made.cube, cube.with_suffix(".pbcor.fits"))
    write_cube(made.cube, cube)
    write_catalogue(made.truth, cube.with_suffix(".truth.fits"))
    # last, since this file marks the seed as finished
    write_catalogue(made.truth, _truth_path(cube))
    return seed


def _claim(out: Path, settings: AnySet) -> AnySet:
    """The settings with the seeds of the folder's first run, which every header records."""
    made = provenance_of(settings)
    # the digest of an antenna file, next to the settings
    plain = made.pop("settings") | made
    begun = claim(out, plain, holds="a set", free=FREE)
    return replace(settings, split=settings_from(begun["split"], Seeds))
