"""`deepfocus train`: a recipe in, networks out."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from deepfocus.core.errors import DeepFocusError


@click.command()
@click.argument("recipe", metavar="RECIPE.toml", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Number of processes. Default: all cores."
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where networks learn. A run may be resumed on another.",
)
def train(recipe: Path, out: Path, workers: int | None, device: str) -> None:
    """Train networks from a recipe; a stopped run resumes from its last checkpoint.

    RECIPE.toml may also be 'default', 'paper', 'paper-night', 'decoras' or 'tiny', the recipes
    that come with deepfocus.

    Example: deepfocus train tiny --out run
    """
    from deepfocus.jobs.claim import check_output

    check_output(out)
    for module in ("torch", "onnx"):
        if find_spec(module) is None:
            raise DeepFocusError(
                f"training needs {module}, which is not installed",
                wanted="the extra [train]",
                remedy="pip install deepfocus-alma[train]",
            )
    from deepfocus.jobs.progress import Progress
    from deepfocus.jobs.workers import available_workers, local_workers
    from deepfocus.train.run import train as run

    pool = local_workers(workers or available_workers())
    with Progress("train", 0) as progress:
        folder = run(recipe, out, workers=pool, report=progress.reached, device=device)
    using = "deepfocus detect --finder NAME --weights"  # slim, paper or decoras
    click.echo(f"Networks in {folder}: use them with {using} {folder}")
