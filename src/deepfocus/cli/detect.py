"""`deepfocus detect`: cubes in, catalogues out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.inputs import Input
    from deepfocus.finders.finder import Detection, Finder, ReadyFinder
    from deepfocus.jobs.progress import Progress

BAD_INPUT = 2


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--finder",
    "kind",
    metavar="NAME",
    help="A name that deepfocus finders lists. Default: deepfocus.",
)
@click.option("--settings", type=click.Path(path_type=Path), help="Settings as TOML.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="One setting; repeatable.")
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    help="Folder of networks that replace the shipped ones, for a finder that has some.",
)
@click.option(
    "--rest-frequency", metavar="VALUE", help="Overrides the header's, such as '1420.4 MHz'."
)
@click.option(
    "--covariance",
    is_flag=True,
    help="Write NAME.covariance.ecsv too: of position, sizes, line and flux of each source.",
)
@click.option("--resume", is_flag=True, help="Skip cubes finished with the same settings.")
@click.pass_context
def detect(
    ctx: click.Context,
    /,
    files: tuple[Path, ...],
    out: Path,
    rest_frequency: str | None,
    covariance: bool,
    resume: bool,
    **choice: Any,
) -> None:
    """Find and measure the line emitters in FITS cubes, or in all cubes of a simulated NAME.zarr.

    Writes into the output folder, for each cube: NAME.catalogue.ecsv (also .fits, .vot and
    .reg), NAME.settings.toml and NAME.png. A PSF and a primary beam are read from NAME.psf.fits
    and NAME.pb.fits next to the cube.

    A file that cannot be used is reported in one line and leaves no output. The others are still
    processed, and the exit code is 2. For a store, NAME is the seed.
    """
    from deepfocus.cli.inputs import inputs
    from deepfocus.cli.products import COVARIANCE
    from deepfocus.core.rest_frequency import rest_hertz
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress

    rest_hz = rest_hertz(rest_frequency)
    cubes = inputs(files, rest_hz=rest_hz)
    check_output(out)
    finder = _chosen(**choice)
    with Progress("detect", len(cubes)) as progress:
        run = _Run(finder, out, rest_hz, resume, progress, (COVARIANCE,) if covariance else ())
        succeeded = [run.take(each) for each in cubes]
    if not all(succeeded):
        ctx.exit(BAD_INPUT)


def _chosen(
    kind: str | None, settings: Path | None, pairs: tuple[str, ...], weights: Path | None
) -> Finder:
    from deepfocus.cli.finder_choice import chosen_finder

    return chosen_finder(kind, file=settings, pairs=pairs, weights=weights)


@dataclass(frozen=True)
class _Run:
    """Runs one finder on cube after cube."""

    finder: Finder
    out: Path
    rest_hz: float | None
    resume: bool
    progress: Progress
    further: tuple[str, ...] = ()

    @cached_property
    def ready(self) -> ReadyFinder:
        """Made ready once, when the first cube needs it; a failure ends the run."""
        return made_ready(self.finder)

    @cached_property
    def settings(self) -> str:
        """What determines the results, as text."""
        from deepfocus.cli.products import settings_text

        return settings_text(self.finder, self.ready.provenance, rest_hz=self.rest_hz)

    def take(self, given: Input) -> bool:
        """Search one cube and write its products; return whether that was possible."""
        from deepfocus.cli.products import finished, write_products

        if self.resume and finished(self.out, given.name, self.settings, further=self.further):
            self.progress.advance(f"{given.name} (finished before)")
            return True
        try:
            cube = given.read()
        except DeepFocusError as error:
            return self.pass_over(str(error))
        ready = self.ready
        try:
            detection = ready.find(cube)
            write_products(
                self.out,
                given.name,
                cube=cube,
                detection=detection,
                settings=self.settings,
                further=self.further,
            )
        except DeepFocusError as error:
            return self.pass_over(f"{given.origin}: {error}")
        _report(self.progress, given.name, cube.meta.get("notes", ()), detection)
        self.progress.advance(given.name)
        return True

    def pass_over(self, complaint: str) -> bool:
        """Report what is wrong with a cube, and skip it."""
        self.progress.warn(complaint)
        self.progress.passed_over()
        return False


def made_ready(finder: Finder) -> ReadyFinder:
    """The finder with everything it needs loaded."""
    return finder.ready()


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
