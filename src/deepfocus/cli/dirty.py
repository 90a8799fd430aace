"""`deepfocus dirty`: the dirty cube of a user's measurement set, or a CASA script to make it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from deepfocus.cli.finite_number import FINITE
from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class Asked:
    """The options as given."""

    cell: str | None
    size: int | None
    weighting: str
    robust: float | None
    taper: str
    field: str
    spw: str
    width: str
    start: str
    nchan: int | None
    column: str | None
    frame: str
    rest_frequency: str | None
    jackknife: int


@click.command()
@click.argument("measurement_set", metavar="MS", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="CUBE.fits|SCRIPT.py",
    required=True,
    type=click.Path(path_type=Path),
    help="The cube to make here, or a CASA script that makes it.",
)
@click.option(
    "--cell", metavar="ANGLE", help="Pixel size, such as 0.1arcsec: about a fifth of a beam."
)
@click.option("--size", type=int, help="Image side in pixels.")
@click.option(
    "--weighting",
    type=click.Choice(["natural", "uniform", "briggs"]),
    default="natural",
    show_default=True,
)
@click.option("--robust", type=FINITE, help="Robustness of Briggs weighting. Default: 0.5.")
@click.option("--taper", default="", help="Beam FWHM (0.5arcsec) or wavelengths (200000).")
@click.option("--field", default="", help="Field name or id; for a script, a CASA selection.")
@click.option("--spw", default="", help="Spectral windows, such as 0~3; for a script, as in CASA.")
@click.option("--width", default="", help="Channels to average; for a script also 10MHz, 5km/s.")
@click.option("--start", default="", help="First channel; for a script also 230GHz, -100km/s.")
@click.option("--nchan", type=int, help="Number of channels of the cube. Default: all.")
@click.option(
    "--column",
    type=click.Choice(["corrected", "data"]),
    help="Visibilities to image. Default: corrected if present, else data.",
)
@click.option("--frame", type=click.Choice(["lsrk", "topo"]), default="lsrk", show_default=True)
@click.option(
    "--rest-frequency", metavar="VALUE", help="For the velocity axis, such as '230.538 GHz'."
)
@click.option(
    "--jackknife",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Make N cubes of the noise, too: half of the visibilities, drawn at random, with the "
    "other sign. CUBE.jackknife1.fits and so on.",
)
def dirty(measurement_set: Path, out: Path, **options: Any) -> None:
    """Make the dirty cube of a measurement set, with PSF and primary beam, for detection.

    --out CUBE.fits makes the cube of a single field here: CUBE.fits, CUBE.psf.fits and
    CUBE.pb.fits. This needs python-casacore: pip install "deepfocus-alma[ms]". Cell and size
    are chosen unless given.

    --out SCRIPT.py runs nothing: SCRIPT.py makes the same three files with CASA (tclean,
    niter=0), and the measurement set may be on another machine. It needs --cell and --size.

    Example: deepfocus dirty my.ms --out my.fits --spw 0~3
    """
    asked = Asked(**options)
    if asked.robust is not None and asked.weighting != "briggs":
        raise DeepFocusError(
            f"--robust {asked.robust:g} with {asked.weighting} weighting",
            wanted="--robust only with --weighting briggs",
            remedy="add --weighting briggs, or leave --robust out",
        )
    if out.suffix == ".py":
        _write_script(measurement_set, out, asked)
    elif out.name.endswith((".fits", ".fits.gz")):
        _make_cube(measurement_set, out, asked)
    else:
        raise DeepFocusError(
            f"--out {out} is neither a script nor a cube",
            wanted="a name that ends in .py (a script for CASA) or in .fits (the cube)",
            remedy="give --out SCRIPT.py or --out CUBE.fits",
        )


def _write_script(measurement_set: Path, out: Path, asked: Asked) -> None:
    from deepfocus.core.files import whole_file
    from deepfocus.core.rest_frequency import rest_hertz
    from deepfocus.imaging.casa_script import CasaImaging, casa_script, check_measurement_set

    if asked.jackknife:
        raise DeepFocusError(
            "--jackknife with a script",
            wanted="a cube that is made here: tclean draws no signs",
            remedy="give --out CUBE.fits",
        )
    if asked.cell is None or asked.size is None:
        given = (("--cell", asked.cell), ("--size", asked.size))
        missing = [name for name, value in given if value is None]
        raise DeepFocusError(
            f"{' and '.join(missing)} not given",
            wanted="the pixel, such as --cell 0.1arcsec, and the image's side, such as --size 360",
            remedy="a good cell is a fifth of the beam, 41000 arcsec x wavelength / longest "
            "baseline; the image should hold the primary beam",
        )
    check_measurement_set(measurement_set)
    imaging = CasaImaging(
        vis=str(measurement_set),
        name=out.stem,
        cell=asked.cell,
        size=asked.size,
        weighting=asked.weighting,
        robust=0.5 if asked.robust is None else asked.robust,
        field=asked.field,
        spw=asked.spw,
        width=asked.width,
        start=asked.start,
        nchan=-1 if asked.nchan is None else asked.nchan,
        taper=asked.taper,
        column=asked.column or "",
        frame=asked.frame,
        rest_hz=rest_hertz(asked.rest_frequency),
    )
    with whole_file(out) as temporary:
        temporary.write_text(casa_script(imaging), encoding="utf-8")
    click.echo(f"Written: {out}; run it with CASA, then detect {out.stem}.fits")


def _make_cube(measurement_set: Path, out: Path, asked: Asked) -> None:
    from deepfocus.core.rest_frequency import rest_hertz
    from deepfocus.imaging.casa_script import cell_arcsec, taper_quantity
    from deepfocus.imaging.dirty_cube import image_measurement_set
    from deepfocus.imaging.ms_samples import MsImaging
    from deepfocus.io.product_names import base_name
    from deepfocus.io.write_cube import write_cube
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress

    imaging = MsImaging(
        vis=measurement_set,
        field=asked.field,
        spw=asked.spw,
        column=asked.column or "",
        start=_whole("--start", asked.start, 0),
        width=_whole("--width", asked.width, 1),
        nchan=None if asked.nchan == -1 else asked.nchan,
        cell_arcsec=None if asked.cell is None else cell_arcsec(asked.cell),
        size=asked.size,
        weighting=asked.weighting,
        robust=asked.robust,
        taper=taper_quantity(asked.taper),
        frame=asked.frame,
        rest_hz=rest_hertz(asked.rest_frequency),
    )
    check_output(out.parent)
    with Progress("dirty", 1) as progress:
        made = image_measurement_set(imaging, progress.reached)
        write_cube(made.cube, out)
        for seed in range(1, asked.jackknife + 1):
            noise = image_measurement_set(replace(imaging, jackknife=seed), progress.reached)
            write_cube(noise.cube, out.with_name(f"{base_name(out)}.jackknife{seed}.fits"))
        for note in made.notes:
            progress.warn(f"{out.name}: note: {note}")
        grid, beam = made.cube.grid, made.cube.beam
        assert beam is not None
        progress.say(
            f"Written: {out}, {len(grid.freq_hz)} channels of {grid.ny} x {grid.nx} pixels of "
            f"{grid.cell_arcsec:.4g} arcsec, beam {beam.major_arcsec:.3g} x "
            f"{beam.minor_arcsec:.3g} arcsec; taking w as 0 costs at most "
            f"{made.w_phase_rad:.2g} rad at the primary beam's half power"
        )


def _whole(option: str, text: str, default: int) -> int:
    """A whole number of channels; only a CASA script takes units."""
    if not text.strip():
        return default
    try:
        return int(text)
    except ValueError:
        raise DeepFocusError(
            f"{option} {text}",
            wanted="a whole number of channels",
            remedy="for frequencies and velocities write a script: --out SCRIPT.py",
        ) from None
