"""`deepfocus sets`: the simulated sets that come with the package."""

from __future__ import annotations

import click


@click.command()
def sets() -> None:
    """List the sets that `simulate` and `benchmark` know by name, one per line.

    The columns: name, kinds of cube that take turns, shape of a cube (channels, y, x), and what
    is in it.

    Example: deepfocus sets
    """
    from deepfocus.cli.source_table import aligned_left
    from deepfocus.simulation.sets import SHIPPED, shipped_set

    rows = []
    for name, what in SHIPPED.items():
        made = shipped_set(name)
        seen = made.variants[0].observation
        shape = f"{seen.channels}x{seen.size}x{seen.size}"
        kinds = len(made.variants)
        rows.append([name, f"{kinds} kind{'' if kinds == 1 else 's'}", shape, what])
    click.echo(aligned_left(rows))
