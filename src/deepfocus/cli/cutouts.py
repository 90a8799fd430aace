"""`deepfocus cutouts`: cubelet, mask, moments and spectrum of each source of a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.how_read import how_read

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading
    from deepfocus.report.source_cutouts import Cutout


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.argument("cube", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@how_read
def cutouts(catalogue: Path, cube: Path, out: Path, reading: Reading) -> None:
    """Cut each accepted source of a catalogue out of its cube.

    Writes, for source 3 of the cube NAME: NAME.3.cube.fits, NAME.3.mask.fits, NAME.3.moment0.fits,
    moment1 and moment2, and NAME.3.spectrum.ecsv (also .fits); and NAME.mask.fits, in which the
    voxels of source 3 are 3. All have the cube's axes and beam.

    Example: deepfocus cutouts found/cube.catalogue.ecsv cube.fits --out cutouts
    """
    import numpy as np

    from deepfocus.cli.opening import Opening
    from deepfocus.core.catalogue import numbered
    from deepfocus.io.catalogues import read_catalogue
    from deepfocus.io.cutout_files import write_mask
    from deepfocus.io.product_names import base_name
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.report.source_cutouts import cutouts_of

    check_output(out)
    found = read_catalogue(catalogue).accepted
    opened = Opening(cube, reading)()
    start = out / base_name(cube)
    mask = np.zeros(opened.data.shape, np.int32)
    with Progress("cutouts", len(found)) as progress:
        for note in opened.meta.get("notes", ()):
            progress.warn(f"{start.name}: note: {note}")
        for each in cutouts_of(found, opened):
            _write(each, start)
            _, ny, nx = each.mask.shape
            part = mask[:, each.y0 : each.y0 + ny, each.x0 : each.x0 + nx]
            # of two that overlap, the brighter stands first in a catalogue
            part[each.mask & (part == 0)] = each.source_id
            progress.advance(str(each.source_id))
        write_mask(mask, opened, start.with_name(f"{start.name}.mask.fits"))
    click.echo(f"Written: {numbered(len(found), 'source')} to {out}, and {start.name}.mask.fits")


def _write(cutout: Cutout, start: Path) -> None:
    """All files of a source. start : of their paths"""
    from deepfocus.io.cutout_files import write_cubelet, write_image, write_mask, write_spectrum

    def path(ending: str) -> Path:
        return start.with_name(f"{start.name}.{cutout.source_id}.{ending}")

    cube, spectrum = cutout.cube, cutout.spectrum
    write_cubelet(cube, path("cube.fits"))
    write_mask(cutout.mask * cutout.source_id, cube, path("mask.fits"))
    for number, (image, unit, kind) in enumerate(
        (
            (cutout.moments.total, f"{cube.unit}.km/s", "Moment 0"),
            (cutout.moments.velocity, "km/s", "Moment 1"),
            (cutout.moments.dispersion, "km/s", "Moment 2"),
        )
    ):
        write_image(image, cube, path(f"moment{number}.fits"), unit=unit, kind=kind)
    for ending in ("spectrum.ecsv", "spectrum.fits"):
        write_spectrum(cube, path(ending), **vars(spectrum))
