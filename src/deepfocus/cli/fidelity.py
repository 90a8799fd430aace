"""`deepfocus fidelity`: how much of what stands out of a cube stands out below zero, too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.how_read import how_read

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading


@click.command()
@click.argument("cube", metavar="CUBE", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--settings", type=click.Path(path_type=Path), help="Settings as TOML.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One setting; repeatable.")
@how_read
def fidelity(
    cube: Path, out: Path, settings: Path | None, pairs: tuple[str, ...], reading: Reading
) -> None:
    """Tell how far the sources of a cube can be believed, by what stands out of it below zero.

    Finds the sources with the finder deepfocus, then peaks of both signs in what they leave, and
    fits the negative ones by signal-to-noise and line width, as LineSeeker does. Writes
    NAME.fidelity.ecsv (counts, their fit, and what noise alone would make), NAME.fidelity.png, and
    NAME.with_fidelity.ecsv, the catalogue with the column fidelity beside probability, and
    NAME.fidelity.html, the report with it; and says where the two disagree.

    Example: deepfocus fidelity cube.fits --out trust
    """
    from deepfocus.cli.finder_choice import chosen_finder
    from deepfocus.cli.opening import Opening
    from deepfocus.cli.products import settings_text
    from deepfocus.evaluation.believed import believed
    from deepfocus.evaluation.fidelity_text import fidelity_text
    from deepfocus.finders.deepfocus.both_signs import both_signs
    from deepfocus.finders.deepfocus.finder import DeepFocus, ReadyDeepFocus
    from deepfocus.io.catalogues import write_catalogue
    from deepfocus.io.product_names import base_name
    from deepfocus.io.tables import write_table
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress, printable
    from deepfocus.report.fidelity_figure import fidelity_figure
    from deepfocus.report.page import write_report

    check_output(out)
    finder = chosen_finder(DeepFocus.kind, file=settings, pairs=pairs)
    assert isinstance(finder, DeepFocus)
    name = base_name(cube)
    start = out / name
    with Progress("fidelity", 1) as progress:
        opened = Opening(cube, reading)()
        for note in opened.meta.get("notes", ()):
            progress.warn(f"{name}: note: {note}")
        signs = both_signs(opened, ReadyDeepFocus(finder))
        progress.advance(name)
    told = believed(signs)
    found, fit, counts = told.detection.catalogue, told.fidelity, told.counts
    write_catalogue(found, start.with_name(f"{name}.with_fidelity.ecsv"))
    write_table(counts.table(), start.with_name(f"{name}.fidelity.ecsv"))
    figure = start.with_name(f"{name}.fidelity.png")
    fidelity_figure(found, fit, counts, figure, title=f"{name}: peaks above and below zero")
    page = start.with_name(f"{name}.fidelity.html")
    settings_told = settings_text(finder, {})
    write_report(opened, told.detection, page, name=printable(name), settings=settings_told)
    click.echo(fidelity_text(found, fit, counts))
    click.echo(f"Written: {page}, and a figure and tables beside it")
