"""`deepfocus dirty`: a CASA script for the dirty cube of a user's own measurement set."""

from __future__ import annotations

from pathlib import Path

import click

from deepfocus.core.errors import DeepFocusError


@click.command()
@click.argument("measurement_set", metavar="MS", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="SCRIPT.py", required=True, type=click.Path(path_type=Path), help="The script."
)
@click.option("--cell", metavar="ANGLE", help="Pixel, such as 0.1arcsec: about a fifth of a beam.")
@click.option("--size", type=int, help="Pixels along a side.")
@click.option(
    "--weighting",
    type=click.Choice(["natural", "briggs"]),
    default="natural",
    show_default=True,
)
@click.option("--robust", type=float, help="Of Briggs weighting; 0.5 unless given.")
@click.option("--field", default="", help="CASA's selection of the field.")
@click.option("--spw", default="", help="CASA's selection of spectral windows and channels.")
@click.option("--width", default="", help="Channel: a number of channels, 10MHz, 5km/s.")
@click.option("--start", default="", help="First channel: a number, 230GHz, -100km/s.")
@click.option("--nchan", type=int, default=-1, help="Channels; all unless given.")
def dirty(
    measurement_set: Path,
    out: Path,
    cell: str | None,
    size: int | None,
    weighting: str,
    robust: float | None,
    field: str,
    spw: str,
    width: str,
    start: str,
    nchan: int,
) -> None:
    """Write a CASA script that images a measurement set for detection.

    It makes the dirty cube (tclean, niter=0), its PSF and its primary beam, and exports them as
    SCRIPT.fits, SCRIPT.psf.fits and SCRIPT.pb.fits in the folder where it runs. Nothing is run
    here; the measurement set may be on another machine.
    """
    from deepfocus.core.files import whole_file
    from deepfocus.simulate.casa_script import CasaImaging, casa_script, check_measurement_set

    if cell is None or size is None:
        missing = [name for name, value in (("--cell", cell), ("--size", size)) if value is None]
        raise DeepFocusError(
            f"{' and '.join(missing)} not given",
            wanted="the pixel, such as --cell 0.1arcsec, and the image's side, such as --size 360",
            remedy="a good cell is a fifth of the beam, 41000 arcsec x wavelength / longest "
            "baseline; the image should hold the primary beam",
        )
    if robust is not None and weighting != "briggs":
        raise DeepFocusError(
            f"--robust {robust:g} with {weighting} weighting",
            wanted="--weighting briggs, which it belongs to",
            remedy="add that, or leave --robust out",
        )
    if out.suffix != ".py":
        raise DeepFocusError(
            f"the script is to be written as {out}",
            wanted="a name that ends in .py",
            remedy="give --out SCRIPT.py",
        )
    check_measurement_set(measurement_set)
    imaging = CasaImaging(
        vis=str(measurement_set),
        name=out.stem,
        cell=cell,
        size=size,
        weighting=weighting,
        robust=0.5 if robust is None else robust,
        field=field,
        spw=spw,
        width=width,
        start=start,
        nchan=nchan,
    )
    with whole_file(out) as temporary:
        temporary.write_text(casa_script(imaging), encoding="utf-8")
    click.echo(f"Written: {out}; run it with CASA, then detect {out.stem}.fits")
