"""`deepfocus inject`: add simulated sources to a real cube, to measure completeness on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from deepfocus.cli.finite_number import FiniteNumber
from deepfocus.cli.range_option import range_option


@click.command()
@click.argument("cube", metavar="CUBE.fits", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--number", type=click.IntRange(min=1), default=5, show_default=True, help="Number of sources."
)
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@range_option(
    "--snr",
    default=(5.0, 50.0),
    says="Peak of each line in one channel over the cube's noise.",
)
@range_option(
    "--size",
    "size_beams",
    default=(0.5, 2.0),
    says="FWHM of the sources, in beams; 0 0 for points.",
)
@range_option(
    "--line-width",
    "line_fwhm_chan",
    default=(3.0, 10.0),
    says="FWHM of the lines, in channels.",
)
@click.option(
    "--continuum",
    "with_continuum",
    type=FiniteNumber(0, 1),
    default=0.5,
    show_default=True,
    help="Fraction of sources with continuum; 0 for a continuum-subtracted cube.",
)
@click.option(
    "--rest-frequency", metavar="VALUE", help="Overrides the header's, such as '1420.4 MHz'."
)
def inject(cube: Path, out: Path, seed: int, rest_frequency: str | None, **options: Any) -> None:
    """Add simulated sources to a cube, through its own beam and primary beam.

    Writes NAME.injected.fits (with the original's header, unit and blanks), its PSF and primary
    beam if the cube has them, and NAME.injected.truth.ecsv. The PSF is read from NAME.psf.fits
    next to the cube; without one, the restoring beam is used.

    The cube's own sources are not in the truth. deepfocus completeness injects, finds and counts by
    itself. Sources lie a beam or more from the image's edge and from blank
    pixels.

    Example: deepfocus inject cube.fits --out injected --number 10 --snr 3 20
    """
    from deepfocus.core.rest_frequency import rest_hertz
    from deepfocus.io.fits_cube import read_cube
    from deepfocus.io.overrides import Overrides
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.simulation.inject import inject as add_sources
    from deepfocus.simulation.injected_files import injected_name, write_injected
    from deepfocus.simulation.injection import Injection

    check_output(out)
    injection = Injection(**options)
    rest_hz = rest_hertz(rest_frequency)
    with Progress("inject", 1) as progress:
        original = read_cube(cube, Overrides(rest_hz=rest_hz))
        made = add_sources(original, injection, seed)
        write_injected(cube, out, made, seed=seed, rest_hz=rest_hz)
        name = injected_name(cube)
        progress.advance(name)
        for note in (*original.meta.get("notes", ()), *_psf_notes(original.psf is not None)):
            progress.warn(f"{name}: note: {note}")
        if original.primary_beam is None:
            progress.warn(f"{name}: note: no primary beam: its response is taken as 1")
        progress.say(
            f"{injection.number} source{'' if injection.number == 1 else 's'} at a noise of "
            f"{made.noise_jy_beam * 1e3:.4g} mJy/beam in {out / name}.fits"
        )


def _psf_notes(psf: bool) -> tuple[str, ...]:
    return () if psf else ("no PSF: the restoring beam is used, without sidelobes",)
