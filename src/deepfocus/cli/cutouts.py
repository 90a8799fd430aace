"""`deepfocus cutouts`: cubelet, mask, moments and spectrum of each source of a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deepfocus.cli.how_read import how_read
from deepfocus.core.errors import DeepFocusError

if TYPE_CHECKING:
    from deepfocus.cli.reading import Reading
    from deepfocus.core.catalogue import Catalogue
    from deepfocus.core.cube import Cube

MOST_APART = 0.5
"""Pixels or channels between a source's place in a catalogue and in its cube."""


@click.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.argument("cube", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@how_read
def cutouts(catalogue: Path, cube: Path, out: Path, reading: Reading) -> None:
    """Cut each accepted source of a catalogue out of its cube.

    Writes, for source 3 of the cube NAME: NAME.3.cube.fits, NAME.3.mask.fits, NAME.3.moment0.fits,
    moment1 and moment2, NAME.3.pv.fits (offset by channel, along the gradient or else the longer
    axis; .reg marks the source in it), and NAME.3.spectrum.ecsv (also .fits); and NAME.mask.fits,
    in which the voxels of source 3 are 3. All have the cube's axes, beam and observation.

    Example: deepfocus cutouts found/cube.catalogue.ecsv cube.fits --out cutouts
    """
    import numpy as np

    from deepfocus.cli.cutout_products import write_cutout
    from deepfocus.cli.opening import Opening
    from deepfocus.core.catalogue import numbered
    from deepfocus.io.cutout_files import write_mask
    from deepfocus.io.product_names import base_name
    from deepfocus.jobs.claim import check_output
    from deepfocus.jobs.progress import Progress
    from deepfocus.ops.source_cutouts import cutouts_of

    check_output(out)
    found = _of_cube(catalogue, base_name(cube)).accepted
    opened = Opening(cube, reading)()
    _refuse_other_sky(found, opened, catalogue)
    start = out / base_name(cube)
    mask = np.zeros(opened.data.shape, np.int32)
    with Progress("cutouts", len(found)) as progress:
        for note in opened.meta.get("notes", ()):
            progress.warn(f"{start.name}: note: {note}")
        for each in cutouts_of(_brightest_first(found), opened):
            write_cutout(each, start)
            _, ny, nx = each.mask.shape
            part = mask[:, each.y0 : each.y0 + ny, each.x0 : each.x0 + nx]
            part[each.mask & (part == 0)] = each.source_id
            progress.advance(str(each.source_id))
        write_mask(mask, opened, start.with_name(f"{start.name}.mask.fits"))
    click.echo(f"Written: {numbered(len(found), 'source')} to {out}, and {start.name}.mask.fits")


def _brightest_first(found: Catalogue) -> Catalogue:
    """Of two that overlap, the brighter has the voxels of both. Those of unknown flux come last."""
    import numpy as np

    return found.at(np.argsort(-np.nan_to_num(found["line_flux"]), kind="stable"))


def _of_cube(path: Path, name: str) -> Catalogue:
    """A catalogue, or the rows of one cube in that of many."""
    from deepfocus.cli.together import label_of
    from deepfocus.io.catalogues import read_by_cube

    of_cubes = read_by_cube(path)
    if set(of_cubes) == {""}:
        return of_cubes[""]
    if label_of(name) not in of_cubes:
        raise DeepFocusError(
            f"{path} has no row of the cube {name}",
            wanted=f"one of its cubes: {', '.join(list(of_cubes)[:5])}",
            remedy="give the catalogue of this cube, or the cube that it is of",
        )
    return of_cubes[label_of(name)]


def _refuse_other_sky(found: Catalogue, cube: Cube, path: Path) -> None:
    """Pixels and channels of another cube would cut out anything, and so would those of a part."""
    import numpy as np
    from astropy.coordinates import SkyCoord

    grid = cube.grid
    stated = SkyCoord(found["ra"], found["dec"], unit="deg")
    apart = grid.sky_at(found["x"], found["y"]).separation(stated).arcsec
    off = np.abs(grid.sky_frequency_at(found["channel"]) - found["frequency"])
    pixels, channels = apart / grid.cell_arcsec, off / grid.channel_width_hz
    # NaN where a catalogue or a cube has no place or frequency
    if np.any(pixels > MOST_APART) or np.any(channels > MOST_APART):
        raise DeepFocusError(
            f"{path} is not of this cube: the same pixels and channels lie up to "
            f"{np.nanmax(pixels, initial=0):.3g} pixels and {np.nanmax(channels, initial=0):.3g} "
            "channels away on the sky",
            wanted="the cube that was searched",
            remedy="search this one, or give the other",
        )
