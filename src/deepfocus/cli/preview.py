"""`deepfocus simulate --preview`: one cube of a set, its picture, and what a set would cost."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deepfocus.simulation.sets import AnySet


def preview(settings: AnySet, seed: int, number: int, picture: Path) -> None:
    """Simulate a seed, write its picture, print its sources and the cost of `number` such cubes."""
    from deepfocus.cli.source_table import true_sources
    from deepfocus.report.preview import preview_figure
    from deepfocus.simulation.cube import simulate

    made = simulate(settings, seed)  # once for the beams, which a set needs once
    start = time.process_time()
    made = simulate(settings, seed)
    each_s = time.process_time() - start
    preview_figure(made.cube, made.noise_free, made.truth, picture)
    if len(made.truth):
        click.echo(true_sources(made.truth))
    each_gb = made.cube.array.nbytes / 1e9
    cubes = "a cube like it" if number == 1 else f"{number} cubes like it"
    click.echo(
        f"{picture}: the cube of seed {seed}. {cubes[0].upper()}{cubes[1:]}: about "
        f"{_duration(number * each_s)} on one core, {number * each_gb:.3g} GB as FITS, "
        f"{number * each_gb / 4:.3g} GB in a store"
    )


def _duration(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
