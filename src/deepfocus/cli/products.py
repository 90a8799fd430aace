"""The files that a detection writes: catalogue in several formats, settings, figure, report."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfocus import __version__
from deepfocus.cli.placing import place
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import refuse_folder, writing
from deepfocus.jobs.progress import printable

if TYPE_CHECKING:
    from astropy.table import Table

    from deepfocus.core.catalogue import Catalogue
    from deepfocus.core.cube import Cube
    from deepfocus.core.grid import Grid
    from deepfocus.finders.finder import Detection, Finder
    from deepfocus.jobs.running import Run

PRODUCTS = (
    "catalogue.fits", "catalogue.vot", "catalogue.reg", "catalogue.crtf", "png", "report.html",
    "settings.toml",
)  # fmt: skip
COVARIANCE, CUTOUTS = ON_REQUEST = "covariance.ecsv", "cutouts.zip"
"""Written on request."""
UNDERSTOOD = ("psf", "primary_beam", "observation", "notes")
"""Of a cube's provenance: what was found beside it and in its header, assumed and left out."""
LAST = "catalogue.ecsv"
"""Written last, so it marks the cube as finished."""
LONGEST_DRAWN = 80
"""Letters of a name in a figure."""


def settings_text(
    finder: Finder, provenance: Mapping[str, Any], *, further: Sequence[str] = ()
) -> str:
    """The resolved settings as TOML for --settings; whatever else matters is in comments.

    further : what else determines the results, a line each
    """
    import tomlkit

    from deepfocus.finders.kinds import finder_to

    head = f"# deepfocus {__version__}\n"
    for line in further:
        head += f"# {printable(line)}\n"
    for name, value in provenance.items():
        head += f"# {name}: {json.dumps(value, sort_keys=True)}\n"
    return head + tomlkit.dumps({"finder": finder_to(finder)})


def finished(out: Path, name: str, settings: str, *, further: Sequence[str] = ()) -> bool:
    """Whether all products of a cube exist and were made with these settings.

    further : products that were requested
    """
    if not all((out / f"{name}.{ending}").is_file() for ending in (*PRODUCTS, *further, LAST)):
        return False
    try:
        return (out / f"{name}.settings.toml").read_bytes() == settings.encode()
    except OSError:
        return False


def refuse_folders(out: Path, name: str, *, further: Sequence[str] = ()) -> None:
    """Raise `DeepFocusError` if a product cannot be written: a folder has its name, or it is too
    long.

    further : products that were requested
    """
    for ending in (*PRODUCTS, *further, LAST):
        refuse_folder(out / f"{name}.{ending}")


def write_products(
    run: Run,
    name: str,
    *,
    cube: Cube,
    detection: Detection,
    settings: str,
    truth: Catalogue | None = None,
    further: Sequence[str] = (),
) -> None:
    """Write all products or none: they are made in a temporary folder, then moved.

    further : products that were requested
    Raises `DeepFocusError` if the finder has no covariances, or what is written has no room.
    """
    refuse_folders(run.folder, name, further=further)
    endings = dict.fromkeys((*PRODUCTS, *further, LAST))
    # what an earlier run has written on request is not of this one
    stale = [f"{name}.{ending}" for ending in ON_REQUEST if ending not in endings]
    with writing(run.folder / f"{name}.*"), run.unfinished() as made:
        _write_catalogues(_described(detection, name, cube), made / f"{name}.catalogue")
        (made / f"{name}.settings.toml").write_text(settings, encoding="utf-8")
        _draw(cube, detection, made / f"{name}.png", truth)
        page = made / f"{name}.report.html"
        archive = f"{name}.{CUTOUTS}" if CUTOUTS in further else ""
        _report(cube, detection, page, name=name, settings=settings, archive=archive)
        if COVARIANCE in further:
            _covariances(detection).write(made / f"{name}.{COVARIANCE}", format="ascii.ecsv")
        if archive:
            _cut_out(cube, detection, made / archive, name=name)
        place(made, run.folder, [f"{name}.{ending}" for ending in endings], stale)


def _described(detection: Detection, name: str, cube: Cube) -> Catalogue:
    """The catalogue with its provenance."""
    understood = {key: cube.meta[key] for key in UNDERSTOOD if key in cube.meta}
    about = {"input": printable(name), "version": __version__, **_band(cube.grid), **understood}
    return detection.catalogue.with_meta(**about)


def _band(grid: Grid) -> dict[str, Any]:
    """What frequencies and velocities refer to; nothing where frequencies are only nominal."""
    if grid.nominal:
        return {}
    about = {"specsys": grid.specsys, "rest_hz": grid.rest_hz}
    return {
        "band_hz": [float(grid.freq_hz.min()), float(grid.freq_hz.max())],
        **{name: value for name, value in about.items() if value},
    }


def _write_catalogues(found: Catalogue, start: Path) -> None:
    """start : of the paths"""
    from deepfocus.io.catalogues import write_catalogue

    for suffix in ("fits", "vot", "reg", "crtf", "ecsv"):
        write_catalogue(found, start.with_name(f"{start.name}.{suffix}"))


def _draw(cube: Cube, detection: Detection, path: Path, truth: Catalogue | None) -> None:
    from deepfocus.report.figures import detection_figure

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in letters that the font lacks
        detection_figure(_drawn(cube), detection, path, truth=truth)


def _report(
    cube: Cube, detection: Detection, path: Path, *, name: str, settings: str, archive: str
) -> None:
    from deepfocus.report.page import write_report

    write_report(cube, detection, path, name=printable(name), settings=settings, archive=archive)


def _cut_out(cube: Cube, detection: Detection, path: Path, *, name: str) -> None:
    from deepfocus.cli.cutout_products import write_archive
    from deepfocus.ops.source_cutouts import cutouts_of

    write_archive(cutouts_of(detection.catalogue.accepted, cube), path, name=name)


def _drawn(cube: Cube) -> Cube:
    """The cube with a name that a figure can show: no formula, and not too long."""
    name = printable(str(cube.meta.get("name", "")))
    if len(name) > LONGEST_DRAWN:
        name = f"{name[:LONGEST_DRAWN]}..."
    return replace(cube, meta={**cube.meta, "name": name.replace("$", r"\$")})


def _covariances(detection: Detection) -> Table:
    if detection.covariances is None:
        raise DeepFocusError(
            "this finder knows no covariances",
            wanted="--covariance with the finder deepfocus",
            remedy="leave out --covariance, or choose --finder deepfocus",
        )
    return detection.covariances
