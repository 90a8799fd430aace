"""`deepfocus completeness`: what share of sources a finder finds in a user's own cube."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.finite_number import FiniteNumber
from deepfocus.cli.how_read import how_read
from deepfocus.cli.place_of_work import PlaceOfWork, place_of_work
from deepfocus.cli.range_option import Range, range_option
from deepfocus.cli.which_finder import WhichFinder, which_finder

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading
    from deepfocus.core.cube import Cube
    from deepfocus.evaluation.trials import Trials

AT_A_TIME = 10
"""Sources in one search, at most: more would lie in each other's way."""
APART_BEAMS = 2.0


@click.command()
@click.argument("cube", metavar="CUBE", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@which_finder
@click.option(
    "--sources",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Number of sources that are injected, a few at a time.",
)
@range_option(
    "--snr",
    default=(2.0, 30.0),
    says="Signal-to-noise of each line, in a filter as wide as it and one beam in size.",
)
@range_option(
    "--size",
    default=(0.0, 2.0),
    says="FWHM of the sources, in beams.",
)
@range_option(
    "--line-width",
    default=(3.0, 10.0),
    says="FWHM of the lines, in channels.",
)
@click.option(
    "--galaxies",
    type=FiniteNumber(0, 1),
    default=0.5,
    show_default=True,
    help="Fraction that are real, rotating galaxies; the others are Gaussians.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@how_read
@place_of_work("all cores")
def completeness(
    cube: Path,
    out: Path,
    which: WhichFinder,
    sources: int,
    snr: Range,
    size: Range,
    line_width: Range,
    galaxies: float,
    seed: int,
    reading: Reading,
    place: PlaceOfWork,
) -> None:
    """Measure what share of sources a finder finds in a cube of yours, and with what flux.

    Injects sources into the cube, a few at a time, through its own beam and primary beam; finds
    them; and counts those that were not there before. Writes NAME.completeness.ecsv (by
    signal-to-noise, flux, width, size and place, with 95% intervals), NAME.recovery.ecsv (measured
    over true flux), NAME.injected.ecsv and NAME.measured.ecsv (row by row, each injected source and
    what was found of it), NAME.completeness.png, and the catalogue of the cube itself with the
    column completeness. Started again, it goes on where it was stopped; with more --sources, it
    adds them.

    Example: deepfocus completeness cube.fits --out trust --sources 500
    """
    from deepfocus.cli.opening import Opening
    from deepfocus.evaluation.campaign import run_campaign
    from deepfocus.evaluation.trials import at_a_time, read_trials, trials_of
    from deepfocus.io.product_names import base_name
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.workers import Processes, available_workers
    from deepfocus.simulation.injection import Injection

    check_output(out)
    finder = which.finder()
    opening = Opening(place.path(cube), reading)
    opened = opening()
    name, folder = base_name(cube), place.path(out)
    injection = Injection(
        line_snr=snr,
        size_beams=size,
        line_fwhm_chan=line_width,
        with_continuum=0.0,
        galaxies=galaxies,
        apart_beams=APART_BEAMS,
    )
    scenes = trials_of(
        opening,
        at_a_time(opened, injection, AT_A_TIME),
        sources=sources,
        seed=seed,
        name=name,
        made_with={
            "cube": name,
            "content": reading.content(cube),
            "read": list(reading.lines),
            "seed": seed,
        },
    )
    with (
        place.workers(out, local=lambda n: Processes(n or available_workers())) as workers,
        Progress("completeness", len(scenes.keys)) as progress,
    ):
        for note in opened.meta.get("notes", ()):
            progress.warn(f"{name}: note: {note}")
        campaign = run_campaign(
            scenes,
            {finder.kind: finder},
            folder=folder / f"{name}.trials",
            workers=workers,
            report=progress.reached,
        )
        trials = read_trials(campaign, finder.kind, opened)
        _write(trials, opened, folder / name, title=f"{name}: {len(trials)} sources, {finder.kind}")


def _write(trials: Trials, cube: Cube, start: Path, *, title: str) -> None:
    """All that the trials tell. start : of the paths"""
    from deepfocus.evaluation.completeness import curve_of, tables_of, with_completeness
    from deepfocus.evaluation.completeness_text import completeness_text
    from deepfocus.evaluation.trials import line_snr_of
    from deepfocus.forward.noise import noise_level
    from deepfocus.forward.response import response_of
    from deepfocus.io.catalogues import write_catalogue
    from deepfocus.io.tables import write_table
    from deepfocus.report.completeness_figure import completeness_figure

    response = response_of(cube)
    beam_arcsec = response.beam_px * cube.grid.cell_arcsec
    curve = curve_of(trials, beam_arcsec=beam_arcsec)
    found = trials.as_it_is
    snr = line_snr_of(found, response, noise_level(cube))
    catalogues = {
        "injected": trials.truth,
        "measured": trials.measured,
        "with_completeness": with_completeness(found, snr, curve, beam_arcsec=beam_arcsec),
    }
    for ending, each in catalogues.items():
        write_catalogue(each, start.with_name(f"{start.name}.{ending}.ecsv"))
    for ending, table in zip(("completeness", "recovery"), tables_of(trials), strict=True):
        write_table(table, start.with_name(f"{start.name}.{ending}.ecsv"))
    figure = completeness_figure(
        trials, curve, start.with_name(f"{start.name}.completeness.png"), title=title
    )
    click.echo(completeness_text(trials, curve))
    click.echo(f"Written: {figure}, and tables beside it")
