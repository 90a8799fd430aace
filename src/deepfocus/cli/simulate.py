"""`deepfocus simulate`: settings in, cubes with their truth out."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfocus.cli.place_of_work import PlaceOfWork, place_of_work
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import STORE

if TYPE_CHECKING:
    from deepfocus.simulation.dataset import FitsSet
    from deepfocus.simulation.sets import AnySet
    from deepfocus.simulation.stored_set import StoredSet


@dataclass(frozen=True)
class Asked:
    """Which cubes to make, and what to keep of them."""

    number: int
    first: int | None
    split: str
    check: int | None
    cubes: str | None


@click.command()
@click.argument("settings", metavar="SET.toml", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR|NAME.zarr",
    type=click.Path(path_type=Path),
    help="Folder for FITS files, or one Zarr store with derived training arrays.",
)
@click.option(
    "--cubes",
    type=click.Choice(["packed", "exact", "none"]),
    help="For a store: cubes as 16-bit integers (in steps of 1/16 of the noise; the default), as "
    "32-bit floats, or derived arrays without cubes.",
)
@click.option(
    "--number", type=click.IntRange(min=1), default=1, show_default=True, help="Number of cubes."
)
@click.option("--first", type=click.IntRange(min=0), help="First seed. Default: the split's.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Split whose seeds are used unless --first is given.",
)
@click.option(
    "--check",
    type=click.IntRange(min=1),
    metavar="N",
    help="Write nothing: remake N cubes of the set, drawn at random, and compare.",
)
@click.option(
    "--preview",
    "picture",
    metavar="PICTURE.png",
    type=click.Path(path_type=Path),
    help="Instead of the set, make its first cube and write a picture of it: moments, beam, "
    "spectra. Also prints its sources and what --number cubes would cost.",
)
@place_of_work("1")
def simulate(
    settings: Path, out: Path | None, picture: Path | None, place: PlaceOfWork, **options: Any
) -> None:
    """Simulate cubes and the catalogues of their true sources.

    Writes SEED.fits, its beams (SEED.psf.fits, SEED.pb.fits; for a cleaned cube SEED.pbcor.fits),
    SEED.truth.ecsv and SEED.truth.fits for each seed, and settings.json; or one row per seed into
    a Zarr store. Existing files are kept, so a stopped run resumes and a larger --number extends
    the set. SET.toml may also be a set that comes with deepfocus (see deepfocus sets).

    Example: deepfocus simulate varied --out cubes --number 20 --split validation
    """
    from deepfocus.jobs.claim import check_output
    from deepfocus.simulation.sets import load_set

    asked = Asked(**options)
    if picture is not None:
        from deepfocus.cli.preview import preview

        chosen = load_set(settings)
        preview(chosen, _seeds(chosen, asked)[0], asked.number, picture)
        return
    if out is None:
        raise DeepFocusError(
            "no --out",
            wanted="--out DIR or --out NAME.zarr, or --preview PICTURE.png",
            remedy="say where the cubes go",
        )
    if asked.check is None:
        check_output(out)
    chosen = load_set(settings)
    seeds = _seeds(chosen, asked)
    made = _destination(chosen, place.path(out), asked.cubes)
    if asked.check is None:
        _write(made, seeds, out, place)
    else:
        _check(made, seeds, asked.check, place)


def _seeds(chosen: AnySet, asked: Asked) -> range:
    from deepfocus.simulation.settings import SEEDS_END

    if asked.first is None:
        return chosen.seeds(asked.split, asked.number)
    seeds = range(asked.first, asked.first + asked.number)
    if seeds.stop > SEEDS_END:
        raise DeepFocusError(
            f"seeds up to {seeds.stop - 1}",
            wanted=f"seeds below {SEEDS_END}",
            remedy="choose a lower --first",
        )
    return seeds


def _write(made: FitsSet | StoredSet, seeds: range, out: Path, place: PlaceOfWork) -> None:
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.workers import local_workers

    number = len(seeds)
    workers = place.workers(out, local=lambda n: local_workers(n or 1))
    with workers as those, Progress("simulate", number) as progress:
        made.write(seeds, workers=those, report=progress.reached)
        progress.say(f"{number} cube{'' if number == 1 else 's'} in {out}{made.summary()}")


def _check(made: FitsSet | StoredSet, seeds: range, number: int, place: PlaceOfWork) -> None:
    """Remake some of the cubes on this machine, and compare."""
    from deepfocus.jobs.progress import Progress

    if place.cluster is not None:
        raise DeepFocusError(
            "--check with --cluster",
            wanted="one of them",
            remedy="a check runs here: leave --cluster out",
        )
    sample = sorted(random.sample(list(seeds), min(number, len(seeds))))
    with Progress("check", len(sample)) as progress:
        differing = made.check(sample, report=progress.reached)
    if differing:
        raise DeepFocusError(
            f"{len(differing)} of {len(sample)} cubes differ: seeds {differing}",
            wanted="cubes as this version makes them",
            remedy=made.again(differing),
        )
    click.echo(f"{len(sample)} of {len(seeds)} cubes remade: all the same")


def _destination(settings: AnySet, out: Path, cubes: str | None) -> FitsSet | StoredSet:
    """The set to write, of the kind that the suffix of --out asks for."""
    from deepfocus.io.stored_cube import PACKINGS
    from deepfocus.simulation.dataset import FitsSet
    from deepfocus.simulation.stored_set import Recipe, StoredSet
    from deepfocus.train.store_arrays import derived_arrays

    if out.suffix == STORE:
        return StoredSet(Recipe(settings, PACKINGS[cubes or "packed"], derived_arrays), out)
    if cubes is not None:
        raise DeepFocusError(
            f"--cubes {cubes} with a folder of FITS files",
            wanted="--cubes only with --out NAME.zarr",
            remedy="give --out NAME.zarr, or leave --cubes out",
        )
    return FitsSet(settings, out)
