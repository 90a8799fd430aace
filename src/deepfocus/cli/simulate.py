"""`deepfocus simulate`: settings in, cubes with their truth out."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.jobs.workers import Workers
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
    "--workers",
    type=click.IntRange(min=1),
    help="Processes, by default 1; with a Slurm profile, its number of jobs.",
)
@click.option(
    "--cluster",
    metavar="WHERE",
    help="Run on a cluster: the address of a Dask scheduler (tcp://host:8786), or a Slurm profile "
    "(.toml). All its machines must share the output folder.",
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
    workers: int | None,
    cluster: str | None,
    check: int | None,
    cubes: str | None,
) -> None:
    """Simulate dirty cubes and the catalogues of what is in them.

    Writes SEED.fits, SEED.psf.fits, SEED.pb.fits, SEED.truth.ecsv and SEED.truth.fits for each
    seed, and settings.json; or one row for each seed of a Zarr store. What is there already is
    left alone: a stopped run goes on, and a larger --number extends the set. SET.toml may also be
    'paper' or 'wide', the sets that come with deepfocus.
    """
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.simulate.settings import SEEDS_END, load_set

    if check is None:
        check_output(out)
    chosen = load_set(settings)
    seeds = chosen.seeds(split, number) if first is None else range(first, first + number)
    if seeds.stop > SEEDS_END:
        raise DeepFocusError(
            f"seeds up to {seeds.stop - 1}",
            wanted=f"seeds below {SEEDS_END}",
            remedy="choose a lower --first",
        )
    # a worker of a cluster may have another current folder
    made = _destination(chosen, out if cluster is None else out.absolute(), cubes)
    if check is not None:
        if cluster is not None:
            raise DeepFocusError(
                "--check with --cluster",
                wanted="one of them",
                remedy="a check runs here: leave --cluster out",
            )
        sample = sorted(random.sample(list(seeds), min(check, len(seeds))))
        with Progress("check", len(sample)) as progress:
            differing = made.check(sample, report=progress.reached)
        if differing:
            raise DeepFocusError(
                f"{len(differing)} of {len(sample)} cubes differ: seeds {differing}",
                wanted="cubes as this version makes them",
                remedy=made.again(differing),
            )
        click.echo(f"{len(sample)} of {len(seeds)} cubes made anew: all the same")
        return
    with _workers(workers, cluster, out) as those, Progress("simulate", number) as progress:
        made.write(seeds, workers=those, report=progress.reached)
        progress.say(f"{number} cube{'' if number == 1 else 's'} in {out}{made.summary()}")


def _destination(settings: SetSettings, out: Path, cubes: str | None) -> FitsSet | StoredSet:
    """Where the set goes, by the suffix of --out."""
    from deepfocus.io.stored_cube import PACKINGS
    from deepfocus.simulate.dataset import FitsSet
    from deepfocus.simulate.stored_set import Recipe, StoredSet
    from deepfocus.train.store_arrays import derived_arrays

    if out.suffix == ".zarr":
        return StoredSet(Recipe(settings, PACKINGS[cubes or "packed"], derived_arrays), out)
    if cubes is not None:
        raise DeepFocusError(
            f"--cubes {cubes} with a folder of FITS files",
            wanted="--out NAME.zarr, which it belongs to",
            remedy="give that, or leave --cubes out",
        )
    return FitsSet(settings, out)


def _workers(number: int | None, cluster: str | None, out: Path) -> AbstractContextManager[Workers]:
    """Processes of this machine, or workers of a cluster that see the output folder."""
    if cluster is None:
        from deepfocus.jobs.workers import local_workers

        return nullcontext(local_workers(number or 1))
    from deepfocus.jobs.cluster import cluster_workers

    # a store is Zarr's: nothing else is laid into it
    folder = out.absolute().parent if out.suffix == ".zarr" else out.absolute()
    return cluster_workers(cluster, shared=folder, jobs=number)
