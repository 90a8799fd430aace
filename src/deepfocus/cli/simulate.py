"""`deepfocus simulate`: settings in, cubes with their truth out."""

from __future__ import annotations

import random
from pathlib import Path

import click

from deepfocus.core.errors import DeepFocusError


@click.command()
@click.argument("settings", metavar="SET.toml", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
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
) -> None:
    """Simulate dirty cubes and the catalogues of what is in them.

    Writes SEED.fits, SEED.psf.fits, SEED.pb.fits and SEED.truth.ecsv for each seed, and
    settings.json. Cubes that are there already are left alone: a stopped run goes on.
    """
    from deepfocus.cli.folders import check_output
    from deepfocus.cli.progress import Progress
    from deepfocus.simulate.dataset import check_set, write_set
    from deepfocus.simulate.settings import load_set
    from deepfocus.simulate.workers import local_workers

    check_output(out)
    chosen = load_set(settings)
    seeds = chosen.seeds(split, number) if first is None else range(first, first + number)
    if check is not None:
        sample = sorted(random.sample(list(seeds), min(check, len(seeds))))
        with Progress("check", len(sample)) as progress:
            differing = check_set(chosen, out, sample, report=progress.reached)
        if differing:
            raise DeepFocusError(
                f"{len(differing)} of {len(sample)} cubes differ: seeds {differing}",
                wanted="files as this version makes them",
                remedy="remove these cubes and simulate them again",
            )
        click.echo(f"{len(sample)} of {len(seeds)} cubes made anew: all the same")
        return
    with Progress("simulate", number) as progress:
        write_set(chosen, out, seeds, workers=local_workers(workers), report=progress.reached)
        progress.say(f"{number} cube{'' if number == 1 else 's'} in {out}")
