"""`deepfocus simulate`: settings in, cubes with their truth out."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.simulate.dataset import FitsSet
    from deepfocus.simulate.settings import SetSettings
    from deepfocus.simulate.stored_set import StoredSet


@click.command()
@click.argument("settings", metavar="SET.toml", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="DIR|NAME.zarr",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for FITS files, or one Zarr store with derived training arrays.",
)
@click.option(
    "--cubes",
    type=click.Choice(["packed", "exact", "none"]),
    help="Of a store: cubes as 16-bit integers (steps of 1/16 of the noise; the default), as "
    "32-bit numbers, or derived arrays without cubes.",
)
@click.option("--number", type=click.IntRange(min=1), default=1, show_default=True, help="Cubes.")
@click.option("--first", type=click.IntRange(min=0), help="First seed; by default the split's.")
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="train",
    show_default=True,
    help="Whose seeds are used unless --first is given.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)
@click.option(
    "--check",
    type=click.IntRange(min=1),
    metavar="N",
    help="Write nothing: make N of the set's cubes, drawn at random, anew and compare.",
)
def simulate(
    settings: Path,
    out: Path,
    number: int,
    first: int | None,
    split: str,
    workers: int,
    check: int | None,
    cubes: str | None,
) -> None:
    """Simulate dirty cubes and the catalogues of what is in them.

    Writes SEED.fits, SEED.psf.fits, SEED.pb.fits, SEED.truth.ecsv and SEED.truth.fits for each
    seed, and settings.json; or one row for each seed of a Zarr store. What is there already is
    left alone: a stopped run goes on, and a larger --number extends the set.
    """
    from deepfocus.cli.folders import check_output
    from deepfocus.cli.progress import Progress
    from deepfocus.simulate.settings import load_set
    from deepfocus.simulate.workers import local_workers

    check_output(out)
    chosen = load_set(settings)
    seeds = chosen.seeds(split, number) if first is None else range(first, first + number)
    made = _destination(chosen, out, cubes)
    if check is not None:
        sample = sorted(random.sample(list(seeds), min(check, len(seeds))))
        with Progress("check", len(sample)) as progress:
            differing = made.check(sample, report=progress.reached)
        if differing:
            raise DeepFocusError(
                f"{len(differing)} of {len(sample)} cubes differ: seeds {differing}",
                wanted="cubes as this version makes them",
                remedy="remove these cubes, or the store, and simulate again",
            )
        click.echo(f"{len(sample)} of {len(seeds)} cubes made anew: all the same")
        return
    with Progress("simulate", number) as progress:
        made.write(seeds, workers=local_workers(workers), report=progress.reached)
        progress.say(f"{number} cube{'' if number == 1 else 's'} in {out}{made.summary()}")


def _destination(settings: SetSettings, out: Path, cubes: str | None) -> FitsSet | StoredSet:
    """Where the set goes, by the suffix of --out."""
    from deepfocus.io.stored_cube import PACKINGS
    from deepfocus.simulate.dataset import FitsSet
    from deepfocus.simulate.stored_set import Recipe, StoredSet
    from deepfocus.train.derived import derived_arrays

    if out.suffix == ".zarr":
        return StoredSet(Recipe(settings, PACKINGS[cubes or "packed"], derived_arrays), out)
    if cubes is not None:
        raise DeepFocusError(
            f"--cubes {cubes} with a folder of FITS files",
            wanted="--out NAME.zarr, which it belongs to",
            remedy="give that, or leave --cubes out",
        )
    return FitsSet(settings, out)
