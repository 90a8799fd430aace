"""`deepfocus inspect`: what is understood of a cube before it is searched."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deepfocus.cli.how_read import how_read

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
@how_read
@click.option(
    "--memory", metavar="SIZE", help="Most that a search may take. Default: what is available."
)
@click.option(
    "--scratch",
    type=click.Path(path_type=Path),
    help="Folder for what a search by parts keeps on disk. Default: the system's.",
)
def inspect(
    file: Path, as_json: bool, memory: str | None, scratch: Path | None, reading: Reading
) -> None:
    """Say what is understood of a FITS cube or a CASA image, what is missing and which option
    supplies it, its noise, what a search will take, and which finders suit.

    Nothing is written. Example: deepfocus inspect cube.fits
    """
    import json
    from dataclasses import asdict, replace

    from deepfocus.cli.cost import Cost
    from deepfocus.cli.memory_size import bytes_of
    from deepfocus.cli.room import Room
    from deepfocus.finders.suitability import suitabilities
    from deepfocus.report.inspection import inspected
    from deepfocus.report.inspection_in_words import lines_of

    room = Room(bytes_of(memory), scratch)
    cube = replace(reading, room=room).of(file)
    inspection, finders = inspected(cube), suitabilities(cube)
    cost = Cost(inspection.name, inspection.shape)
    if as_json:
        search = {
            "memory_bytes": cost.memory_bytes(room),
            "cpu_seconds": cost.cpu_s(room),
            "by_parts": not room.holds(inspection.shape),
        }
        suited = [asdict(each) for each in finders]
        whole = {"file": str(file), **asdict(inspection), "finders": suited, "search": search}
        click.echo(json.dumps(_known(whole), allow_nan=False))
        return
    click.echo(str(file))
    for line in [*lines_of(inspection, finders), f"{'search':<22}{cost.in_words(room)}"]:
        click.echo(f"  {line}")


def _known(value: Any) -> Any:
    """With None for numbers that are not known: JSON has no NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _known(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_known(each) for each in value]
    return value
