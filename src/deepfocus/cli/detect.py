"""`deepfocus detect`: cubes in, catalogues out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.how_read import how_read
from deepfocus.cli.place_of_work import PlaceOfWork, place_of_work
from deepfocus.cli.which_finder import WhichFinder, which_finder

if TYPE_CHECKING:
    from deepfocus.cli.cost import Costs
    from deepfocus.cli.reading import Reading
    from deepfocus.cli.room import Room

BAD_INPUT = 2


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@which_finder
@click.option(
    "--covariance",
    is_flag=True,
    help="Write NAME.covariance.ecsv too: of position, sizes, line and flux of each source.",
)
@click.option(
    "--cutouts",
    is_flag=True,
    help="Write NAME.cutouts.zip too: what deepfocus cutouts makes of each accepted source.",
)
@how_read
@click.option(
    "--memory",
    metavar="SIZE",
    help="Most that all processes take, such as '3 GB'. Default: what is available. A cube that "
    "needs more is searched by parts, with the same result.",
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path),
    help="Folder for what a search by parts keeps on disk. Default: the system's.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Skip cubes finished with the same settings and content; go on with one by parts.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say what memory and time the search will take, and end."
)
@place_of_work("as many as cores and memory allow")
@click.pass_context
def detect(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    out: Path,
    covariance: bool,
    cutouts: bool,
    resume: bool,
    dry_run: bool,
    place: PlaceOfWork,
    memory: str | None,
    scratch: Path | None,
    which: WhichFinder,
    reading: Reading,
) -> None:
    """Find and measure the line emitters in FITS cubes or CASA images, in those of a folder, or in
    all cubes of a simulated NAME.zarr.

    Writes into the output folder, for each cube: NAME.catalogue.ecsv (also .fits, .vot, .reg and
    .crtf), NAME.settings.toml, NAME.png and NAME.report.html, a page on the cube and each source
    that any browser opens offline; of several cubes, catalogue.ecsv of all. A PSF and a primary
    beam are read from the files next to the cube that CASA and ALMA's archive name so
    (NAME.psf.fits, NAME.pb.fits). Masks, models, residuals and beams are not searched where their
    image is.

    A file that cannot be used is reported in one line and leaves no output. The others are still
    processed, and the exit code is 2. For a store, NAME is the seed. Several runs may write into
    one folder at a time, if no two of them search the same NAME.

    Example: deepfocus detect cube.fits --out found
    """
    from deepfocus.cli.cost import costs_of
    from deepfocus.cli.inputs import inputs
    from deepfocus.cli.memory_size import bytes_of
    from deepfocus.cli.products import COVARIANCE, CUTOUTS
    from deepfocus.cli.searchable import searchable
    from deepfocus.cli.searching import Searching
    from deepfocus.cli.summary import Summary
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.running import running
    from deepfocus.jobs.workers import local_workers

    most = bytes_of(memory) or place.memory_of_a_worker()
    reading = reading.at(place.path)
    scratch = None if scratch is None else place.path(scratch)
    chosen = searchable([place.path(each) for each in files])
    cubes = inputs(chosen.files, reading)
    check_output(out)
    costs = costs_of(cubes)
    number = place.number or _as_many_as_fit(costs, most)
    room = _room_of_each(most, scratch, 1 if place.cluster else number)
    finder = which.at(place.path).finder()
    if dry_run:
        ctx.exit(0 if _tell(costs, number, room) else BAD_INPUT)
    cubes = [each.with_room(room) for each in cubes]
    asked = {COVARIANCE: covariance, CUTOUTS: cutouts}
    further = tuple(ending for ending, wanted in asked.items() if wanted)
    names = [each.name for each in cubes]
    with (
        running(place.path(out), names) as run,
        place.workers(out, local=lambda _: local_workers(number), probe=run.claim) as workers,
        Progress("detect", len(cubes)) as progress,
    ):
        if chosen.note:
            progress.warn(chosen.note)
        if not resume:
            run.forget(names)
        summary = Summary(run.folder, progress)
        search = Searching(finder, run, reading, resume, further)
        with summary:
            for outcome in workers.run(search, cubes):
                summary.add(outcome)
    if summary.failed:
        ctx.exit(BAD_INPUT)


def _room_of_each(most: float | None, scratch: Path | None, number: int) -> Room:
    """Of each of a number of processes; on a cluster, each has its own machine's."""
    from deepfocus.cli.room import Room
    from deepfocus.core.memory import available_bytes

    if most is None and number > 1:
        most = available_bytes()
    return Room(None if most is None else most / number, scratch, sharing=number)


def _as_many_as_fit(costs: Costs, most: float | None) -> int:
    from deepfocus.core.memory import available_bytes
    from deepfocus.jobs.workers import available_workers

    return costs.processes(available_workers(), available_bytes() if most is None else most)


def _tell(costs: Costs, number: int, room: Room) -> bool:
    """Print what a run would take; return whether all cubes can be used."""
    complaints = (*costs.complaints, *costs.refusals(room))
    for complaint in complaints:
        click.echo(f"deepfocus: {complaint}", err=True)
    for line in costs.lines(number, room):
        click.echo(line)
    return not complaints
