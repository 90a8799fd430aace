"""`deepfocus dirty`: the dirty cube of a user's own measurement set, or a CASA script for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from deepfocus.core.errors import DeepFocusError


@dataclass(frozen=True)
class Asked:
    """The options as they were given."""

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


@click.command()
@click.argument("measurement_set", metavar="MS", type=click.Path(path_type=Path))
@click.option(
    "--out",
    metavar="CUBE.fits|SCRIPT.py",
    required=True,
    type=click.Path(path_type=Path),
    help="The cube, made here, or a script for CASA.",
)
@click.option("--cell", metavar="ANGLE", help="Pixel, such as 0.1arcsec: about a fifth of a beam.")
@click.option("--size", type=int, help="Pixels along a side.")
@click.option(
    "--weighting",
    type=click.Choice(["natural", "uniform", "briggs"]),
    default="natural",
    show_default=True,
)
@click.option("--robust", type=float, help="Of Briggs weighting; 0.5 unless given.")
@click.option("--taper", default="", help="FWHM of a beam, 0.5arcsec, or wavelengths, 200000.")
@click.option("--field", default="", help="Name or id of the field; a script: CASA's selection.")
@click.option("--spw", default="", help="Spectral windows, such as 0~3; a script: CASA's.")
@click.option("--width", default="", help="Channels averaged; a script: also 10MHz, 5km/s.")
@click.option("--start", default="", help="First channel; a script: also 230GHz, -100km/s.")
@click.option("--nchan", type=int, help="Channels of the cube; all unless given.")
@click.option(
    "--column",
    type=click.Choice(["corrected", "data"]),
    help="Visibilities; corrected where there are any.",
)
@click.option("--frame", type=click.Choice(["lsrk", "topo"]), default="lsrk", show_default=True)
@click.option("--rest-frequency", metavar="VALUE", help="Of the velocity axis: '230.538 GHz'.")
def dirty(measurement_set: Path, out: Path, **options: object) -> None:
    """Make the dirty cube of a measurement set, with PSF and primary beam, for detection.

    With --out CUBE.fits it is made here, for a single field: CUBE.fits, CUBE.psf.fits and
    CUBE.pb.fits. That needs python-casacore: pip install "deepfocus-alma[ms]". Cell and size
    are chosen unless given.

    With --out SCRIPT.py nothing is run: SCRIPT.py makes the same three files with CASA
    (tclean, niter=0), and the measurement set may be on another machine. It needs --cell and
    --size.
    """
    asked = Asked(**options)  # type: ignore[arg-type]
    if asked.robust is not None and asked.weighting != "briggs":
        raise DeepFocusError(
            f"--robust {asked.robust:g} with {asked.weighting} weighting",
            wanted="--weighting briggs, which it belongs to",
            remedy="add that, or leave --robust out",
        )
    if out.suffix == ".py":
        _write_script(measurement_set, out, asked)
    elif out.name.endswith((".fits", ".fits.gz")):
        _make_cube(measurement_set, out, asked)
    else:
        raise DeepFocusError(
            f"the product is to be written as {out}",
            wanted="a name that ends in .py (a script for CASA) or in .fits (the cube)",
            remedy="give --out SCRIPT.py or --out CUBE.fits",
        )


def _write_script(measurement_set: Path, out: Path, asked: Asked) -> None:
    from deepfocus.core.files import whole_file
    from deepfocus.core.rest_frequency import rest_hertz
    from deepfocus.imaging.casa_script import CasaImaging, casa_script, check_measurement_set

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
    """A number of channels; units are for CASA."""
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
