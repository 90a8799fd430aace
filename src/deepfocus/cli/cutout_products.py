"""The files of a source that is cut out of its cube, and those of all sources in one archive."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from deepfocus.io.cutout_files import (
    write_cubelet,
    write_cut,
    write_cut_region,
    write_image,
    write_mask,
    write_spectrum,
)
from deepfocus.jobs.progress import printable
from deepfocus.ops.source_cutouts import Cutout

FIRST_YEAR = (1980, 1, 1, 0, 0, 0)
"""Of members of an archive: the same cut-outs are the same bytes, whenever they are made."""
LONGEST = 200
"""Letters of a cube's name in those of the members, which have more to say."""


def write_cutout(cutout: Cutout, start: Path) -> None:
    """All files of a source. start : of their paths"""

    def path(ending: str) -> Path:
        return start.with_name(f"{start.name}.{cutout.source_id}.{ending}")

    cube, moments = cutout.cube, cutout.moments
    # what was corrected is read as such by its name
    write_cubelet(cube, path("cube.pbcor.fits" if cube.corrected else "cube.fits"))
    write_mask(cutout.mask * cutout.source_id, cube, path("mask.fits"))
    for number, (image, unit, kind) in enumerate(
        (
            (moments.total, f"{cube.unit}.km/s", "Moment 0"),
            (moments.velocity, "km/s", "Moment 1"),
            (moments.dispersion, "km/s", "Moment 2"),
        )
    ):
        write_image(image, cube, path(f"moment{number}.fits"), unit=unit, kind=kind)
    write_cut(cutout.cut.values, cube, path("pv.fits"), step_arcsec=cutout.cut.step_arcsec)
    write_cut_region(cutout.cut.outline, cutout.source_id, path("pv.reg"))
    for ending in ("spectrum.ecsv", "spectrum.fits"):
        write_spectrum(cube, path(ending), **vars(cutout.spectrum))


def write_archive(cutouts: Iterable[Cutout], path: Path, *, name: str) -> None:
    """The files of all sources as one ZIP, source by source. name : of the cube"""
    short = printable(name)[:LONGEST]
    with (
        tempfile.TemporaryDirectory(dir=path.parent) as folder,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for cutout in cutouts:
            write_cutout(cutout, Path(folder, short))
            for file in sorted(Path(folder).iterdir()):
                archive.writestr(_member(f"{short}.cutouts/{file.name}"), file.read_bytes())
                file.unlink()


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, FIRST_YEAR)
    member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    return member
