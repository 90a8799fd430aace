"""`deepfocus clean`: a dirty cube in; components, residual and restored image out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfocus.cli.finite_number import FINITE, FiniteNumber
from deepfocus.cli.how_read import how_read
from deepfocus.cli.place_of_work import PlaceOfWork, place_of_work
from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading
    from deepfocus.imaging.clean.cube import Cleaner
    from deepfocus.imaging.clean.plane import Account
    from deepfocus.imaging.clean.region import AnyRegion
    from deepfocus.imaging.clean.settings import Clean

WORTH_VALUES = 1 << 22
"""Voxels that take about as long to clean as a process to start."""


@click.command()
@click.argument("dirty", metavar="DIRTY.fits", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="NAME.fits",
    required=True,
    type=click.Path(path_type=Path),
    help="For NAME.image.fits, NAME.residual.fits, NAME.model.fits and what lies beside them.",
)
@click.option(
    "--minor",
    type=click.Choice(["hogbom", "clark"]),
    default="hogbom",
    show_default=True,
    help="How components are found.",
)
@click.option("--gain", type=FINITE, default=0.1, show_default=True, help="Of a component.")
@click.option(
    "--nsigma",
    type=FINITE,
    default=3.0,
    show_default=True,
    help="End a channel at so many times the noise of its residual; 0 for no such limit.",
)
@click.option(
    "--threshold", metavar="VALUE", help="End at this brightness, too, such as '0.5 mJy' (a beam)."
)
@click.option(
    "--niter", type=int, default=10_000, show_default=True, help="Iterations of a channel at most."
)
@click.option(
    "--cyclefactor",
    type=FINITE,
    default=1.0,
    show_default=True,
    help="A minor cycle ends at this times the highest sidelobe, of the residual's peak.",
)
@click.option(
    "--mask",
    metavar="MASK.fits",
    type=click.Path(path_type=Path),
    help="Components only where it is not 0, such as NAME.mask.fits of deepfocus cutouts.",
)
@click.option(
    "--box",
    "boxes",
    nargs=4,
    type=FINITE,
    multiple=True,
    metavar="X0 X1 Y0 Y1",
    help="Components only in this box, pixels from 0; repeatable.",
)
@click.option(
    "--pb-limit",
    type=FiniteNumber(0, 1),
    default=0.2,
    show_default=True,
    help="Components only where the primary beam, if known, is above this.",
)
@click.option(
    "--beam",
    type=click.Choice(["common", "per_channel"]),
    default="common",
    show_default=True,
    help="Restoring beam: one for all channels, or one for each.",
)
@how_read
@place_of_work("as many as cores and memory allow")
def clean(dirty: Path, out: Path, reading: Reading, place: PlaceOfWork, **options: Any) -> None:
    """Clean a dirty cube, channel by channel, with the dirty beam of each.

    The dirty beam is read from NAME.psf.fits next to the cube, the primary beam from NAME.pb.fits.
    Writes NAME.image.fits (restored, Jy/beam), NAME.residual.fits, NAME.model.fits (Jy/pixel),
    NAME.psf.fits, NAME.pb.fits and NAME.image.pbcor.fits where the primary beam is known, and
    NAME.clean.ecsv, what was done in each channel. All or none of them are written.

    deepfocus detect finds sources in the dirty cube itself: nothing has to be cleaned for it.

    Example: deepfocus clean cube.fits --out cleaned.fits --nsigma 3
    """
    from deepfocus.cli.cleaning import (
        Cleaning,
        Dirty,
        made_ready,
        put_in_place,
        refuse_beside,
        refuse_restored,
    )
    from deepfocus.imaging.clean.cube import in_words
    from deepfocus.imaging.clean.products import products, start_of, three_to_come, write_accounts
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.running import running
    from deepfocus.jobs.workers import local_workers

    how = _settings(**options)
    start = place.path(start_of(out))
    check_output(start.parent)
    refuse_beside(dirty, start)
    refuse_restored(dirty, reading)
    job = Dirty(place.path(dirty), reading, how)
    cleaner = made_ready(job)
    channels = range(len(cleaner.cube.grid.freq_hz))
    number = place.number or _as_many_as_fit(cleaner)
    accounts: dict[int, Account] = {}
    with (
        running(start.parent, [start.name]) as run,
        place.workers(
            start.parent, local=lambda _: local_workers(number), probe=run.claim
        ) as workers,
        Progress("clean", len(channels)) as progress,
        run.unfinished() as made,
    ):
        for note in (*cleaner.cube.meta.get("notes", ()), *cleaner.notes):
            progress.warn(f"{start.name}: note: {note}")
        with products(three_to_come(cleaner), made / start.name) as files:
            for channel, account in workers.run(Cleaning(job, files), channels):
                accounts[channel] = account
                progress.advance(f"channel {channel}")
        in_order = tuple(accounts[channel] for channel in channels)
        write_accounts(in_order, made / start.name)
        put_in_place(made, start, job.beams(cleaner.cube))
    click.echo(f"Written: {start}.image.fits and what belongs to it; {in_words(in_order)}")


def _settings(
    *,
    minor: str,
    gain: float,
    mask: Path | None,
    boxes: tuple[tuple[float, float, float, float], ...],
    beam: str,
    threshold: str | None,
    **numbers: Any,
) -> Clean:
    from deepfocus.core.settings import settings_from
    from deepfocus.imaging.clean.settings import Clean

    given = {} if threshold is None else {"threshold": threshold}
    table = {"minor": {"kind": minor, "gain": gain}, "restoring": {"kind": beam}, **given}
    how = settings_from({**table, **numbers}, Clean, source="clean")
    return replace(how, region=_region(mask, boxes))


def _region(mask: Path | None, boxes: tuple[tuple[float, float, float, float], ...]) -> AnyRegion:
    from deepfocus.imaging.clean.region import Boxes, Everywhere, MaskFile

    if mask is not None and boxes:
        raise DeepFocusError(
            "--mask with --box", wanted="one of them", remedy="put the boxes into the mask"
        )
    if mask is not None:
        return MaskFile(str(mask.absolute()))
    return Boxes(boxes) if boxes else Everywhere()


def _as_many_as_fit(cleaner: Cleaner) -> int:
    from deepfocus.cli.room import BASE_BYTES
    from deepfocus.core.memory import available_bytes
    from deepfocus.imaging.clean.lag_beam import WORKING_BYTES_PER_PIXEL
    from deepfocus.jobs.workers import available_workers

    channels, ny, nx = cleaner.cube.grid.shape
    free = available_bytes()
    each = BASE_BYTES + WORKING_BYTES_PER_PIXEL * ny * nx
    fitting = channels if free is None else max(1, int(free / each))
    worth = 1 + channels * ny * nx // WORTH_VALUES
    return min(available_workers(), fitting, channels, worth)
