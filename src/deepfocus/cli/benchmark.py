"""`deepfocus benchmark`: compare finders on cubes with known sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.place_of_work import PlaceOfWork, place_of_work
from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.finders.finder import Finder

SETTINGS = ".toml"


@click.command()
@click.argument("cubes", metavar="SET", type=click.Path(path_type=Path))
@click.option(
    "--finder",
    "chosen",
    multiple=True,
    metavar="NAME|FILE.toml",
    help="A name that deepfocus finders lists, or a settings file; repeatable. Default: deepfocus.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--number", type=click.IntRange(min=1), help="Number of cubes. Default: all of the split."
)
@click.option(
    "--split",
    type=click.Choice(["train", "validation", "test"]),
    default="validation",
    show_default=True,
    help="Split whose seeds are used. Do not base any choice on the test seeds.",
)
@place_of_work("all cores")
def benchmark(
    cubes: Path,
    chosen: tuple[str, ...],
    out: Path,
    number: int | None,
    split: str,
    place: PlaceOfWork,
) -> None:
    """Run finders on cubes with known sources, and compare them.

    SET is a simulated set (a name of deepfocus sets, or SET.toml, which may have a table
    [injection]), sources injected into a cube of your own (a TOML file with cube = "NAME.fits" and
    [injection]), a folder of NAME.fits with NAME.truth.ecsv, or a NAME.zarr.

    Writes benchmark.md, benchmark.ecsv and benchmark.json into the output folder, a picture of
    each finder's residuals, and every catalogue. Existing results are kept, so a stopped run
    resumes, and a larger --number or another --finder extends it.

    Example: deepfocus benchmark varied --finder deepfocus --finder slim --out compared
    """
    from deepfocus.evaluation.campaign import run_campaign
    from deepfocus.evaluation.comparison import compare
    from deepfocus.evaluation.scenes import load_scenes
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.workers import Processes, available_workers
    from deepfocus.report.figures import residual_figure

    check_output(out)
    finders = _finders(chosen)
    scenes = load_scenes(cubes, split=split, number=number)
    folder = place.path(out)
    with (
        # separate processes, even for one worker, since memory is measured per process
        place.workers(out, local=lambda n: Processes(n or available_workers())) as workers,
        Progress("benchmark", len(finders) * len(scenes.keys)) as progress,
    ):
        campaign = run_campaign(
            scenes, finders, folder=folder, workers=workers, report=progress.reached
        )
    result = compare(campaign, name=scenes.name)
    result.write(folder)
    for label, standing in result.standings.items():
        pairs = standing.score.truth_matched, standing.score.found_matched
        residual_figure(*pairs, folder / f"{label}.residuals.png")
    click.echo(result.summary())


def _finders(chosen: tuple[str, ...]) -> dict[str, Finder]:
    """The finders by label: the finder's name, or the name of its settings file."""
    from deepfocus.cli.finder_choice import chosen_finder
    from deepfocus.finders.kinds import DEFAULT

    finders: dict[str, Finder] = {}
    for each in chosen or (DEFAULT,):
        file = Path(each) if each.endswith(SETTINGS) else None
        label = file.stem if file else each
        if label in finders:
            raise DeepFocusError(
                f"two finders are called {label}",
                wanted="different names, since these name the folders of their records",
                remedy="rename one of the settings files",
            )
        finders[label] = chosen_finder(None if file else each, file=file)
    return finders
