"""`deepfocus demo`: simulate a cube, find its sources, show both side by side."""

from __future__ import annotations

from pathlib import Path

import click

NAME = "demo"


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("deepfocus-demo"),
    show_default=True,
    help="Output folder.",
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
def demo(out: Path, seed: int) -> None:
    """Simulate a dirty ALMA cube, find its sources, and compare with the truth.

    Works offline. Writes demo.fits (with its PSF and primary beam), demo.truth.ecsv,
    demo.catalogue.ecsv (also .fits, .vot, .reg and .crtf), demo.png and demo.report.html.

    Example: deepfocus demo --out try
    """
    from deepfocus.cli.finder_choice import chosen_finder
    from deepfocus.cli.products import settings_text, write_products
    from deepfocus.cli.searching import made_ready
    from deepfocus.cli.source_table import beside_truth
    from deepfocus.evaluation.score import score
    from deepfocus.finders.finder import detection_in
    from deepfocus.io.catalogues import write_catalogue
    from deepfocus.io.write_cube import write_cube
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.running import running
    from deepfocus.simulation.cube import simulate
    from deepfocus.simulation.sets import paper_settings

    check_output(out)
    finder = chosen_finder(None)
    ready = made_ready(finder)
    with running(out, [NAME]) as run, Progress(NAME, 3) as progress:
        made = simulate(paper_settings(), seed)
        progress.advance("simulated")
        detection = detection_in(made.cube, ready)
        progress.advance("detected")
        write_cube(made.cube, out / f"{NAME}.fits")
        write_catalogue(made.truth, out / f"{NAME}.truth.ecsv")
        write_products(
            run,
            NAME,
            cube=made.cube,
            detection=detection,
            settings=settings_text(finder, ready.provenance),
            truth=made.truth,
        )
        progress.advance("written")
    counts = score(detection.catalogue, made.truth).one_to_one
    click.echo(
        f"Seed {seed}: {counts.n_true} true sources, {counts.tp} found, {counts.fp} spurious"
    )
    click.echo("Each cell: true / found")
    click.echo(beside_truth(detection.catalogue, made.truth))
    for note in detection.notes:
        click.echo(f"deepfocus: note: {note}", err=True)
    click.echo(f"Written: {out}/{NAME}.fits, .catalogue.ecsv, .truth.ecsv, .report.html and more")
