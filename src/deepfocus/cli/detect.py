"""`deepfocus detect`: cubes in, catalogues out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.jobs.progress import Progress
    from deepfocus.pipeline.deepfocus import DeepFocus, Detection, PipelineSettings

BAD_INPUT = 2


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option("--settings", type=click.Path(path_type=Path), help="Settings as TOML.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One setting; repeatable.")
@click.option("--weights", type=click.Path(path_type=Path), help="Folder of other networks.")
@click.option("--rest-frequency", metavar="VALUE", help="Instead of the header's: '1420.4 MHz'.")
@click.option("--resume", is_flag=True, help="Skip cubes finished with the same settings.")
@click.pass_context
def detect(
    ctx: click.Context,
    files: tuple[Path, ...],
    out: Path,
    settings: Path | None,
    pairs: tuple[str, ...],
    weights: Path | None,
    rest_frequency: str | None,
    resume: bool,
) -> None:
    """Find and measure the line emitters in FITS cubes, or in all cubes of a simulated NAME.zarr.

    Writes into the output folder, for each cube: NAME.catalogue.ecsv (also .fits, .vot and
    .reg), NAME.settings.toml and NAME.png. A PSF and a primary beam are read from NAME.psf.fits
    and NAME.pb.fits beside the cube.

    A file that cannot be used is reported in one line and leaves no output; the others are
    processed, and the exit code is 2. Of a store, NAME is the seed.
    """
    from deepfocus.cli.inputs import inputs
    from deepfocus.cli.overrides import resolved_settings
    from deepfocus.cli.products import finished, settings_text
    from deepfocus.cli.rest_frequency import rest_hertz
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress

    rest_hz = rest_hertz(rest_frequency)
    cubes = inputs(files, rest_hz=rest_hz)
    check_output(out)
    from deepfocus.pipeline.deepfocus import PipelineSettings

    resolved = resolved_settings(PipelineSettings, settings, pairs)
    text = settings_text(resolved, weights=weights, rest_hz=rest_hz)
    finder: DeepFocus | None = None
    failed = False
    with Progress("detect", len(cubes)) as progress:
        for one in cubes:
            if resume and finished(out, one.name, text):
                progress.advance(f"{one.name} (finished before)")
                continue
            try:
                cube = one.read()
            except DeepFocusError as error:
                failed = True
                progress.warn(str(error))
                progress.passed_over()
                continue
            # not before the first good cube; unusable networks end the run
            finder = finder or finder_with(resolved, weights)
            try:
                detection = finder.detect(cube)
            except DeepFocusError as error:
                failed = True
                progress.warn(f"{one.origin}: {error}")
                progress.passed_over()
                continue
            from deepfocus.cli.products import write_products

            write_products(out, one.name, cube=cube, detection=detection, settings=text)
            _report(progress, one.name, cube.meta.get("notes", ()), detection)
            progress.advance(one.name)
            del cube, detection  # or the next cube is read beside this one
    if failed:
        ctx.exit(BAD_INPUT)


def finder_with(settings: PipelineSettings, weights: Path | None) -> DeepFocus:
    """The finder with the networks of a folder, or the shipped ones."""
    from deepfocus.pipeline.deepfocus import DeepFocus
    from deepfocus.weights.load import load_networks

    return DeepFocus(load_networks(weights), settings)


def _report(progress: Progress, name: str, notes: Sequence[str], detection: Detection) -> None:
    from deepfocus.cli.source_table import sources_table

    for note in (*notes, *detection.notes):
        progress.warn(f"{name}: note: {note}")
    found = detection.catalogue
    n = len(found.accepted)
    rejected = len(found) - n
    progress.say(
        f"{name}: {n} source{'' if n == 1 else 's'}, "
        f"{rejected} rejected candidate{'' if rejected == 1 else 's'}"
    )
    if n:
        progress.say(sources_table(found) + "\n", sys.stdout)
