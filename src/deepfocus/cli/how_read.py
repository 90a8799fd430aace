"""The options of commands that read cubes: what is said of a file, in place of its header."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading


def how_read(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which receives them as the argument `reading`."""

    @click.option(
        "--rest-frequency", metavar="VALUE", help="Overrides the header's, such as '1420.4 MHz'."
    )
    @click.option("--stokes", metavar="NAME", help="Searched instead of Stokes I, such as V.")
    @click.option(
        "--velocity",
        type=click.Choice(["radio", "optical"]),
        help="Scale of a velocity axis, if the header does not say it or is wrong.",
    )
    @click.option(
        "--hdu", metavar="NUMBER|NAME", help="HDU with the cube, if the likeliest is not the one."
    )
    @click.option(
        "--psf", type=click.Path(path_type=Path), help="Dirty beam of the one cube given."
    )
    @click.option(
        "--pb",
        "primary_beam",
        type=click.Path(path_type=Path),
        help="Primary beam of the one cube given.",
    )
    @wraps(command)
    def with_reading(
        *args: Any,
        rest_frequency: str | None,
        stokes: str | None,
        velocity: str | None,
        hdu: str | None,
        psf: Path | None,
        primary_beam: Path | None,
        **kwargs: Any,
    ) -> None:
        reading = _reading(rest_frequency, hdu, velocity, stokes, psf, primary_beam)
        command(*args, reading=reading, **kwargs)

    return with_reading


def _reading(
    rest_frequency: str | None,
    hdu: str | None,
    velocity: str | None,
    stokes: str | None,
    psf: Path | None,
    primary_beam: Path | None,
) -> Reading:
    from deepfocus.cli.reading import Reading
    from deepfocus.core.rest_frequency import rest_hertz
    from deepfocus.io.overrides import Overrides

    overrides = Overrides(
        rest_hz=rest_hertz(rest_frequency),
        velocity=velocity,
        stokes=None if stokes is None else stokes.strip().upper(),
        hdu=int(hdu) if hdu is not None and hdu.isdecimal() else hdu,
    )
    return Reading(overrides, psf=psf, primary_beam=primary_beam)
