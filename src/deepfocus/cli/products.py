"""The files that a detection writes: catalogue in four formats, settings, figure."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepfocus import __version__
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.files import OLD_S

if TYPE_CHECKING:
    from astropy.table import Table

    from deepfocus.core.catalogue import Catalogue
    from deepfocus.core.cube import Cube
    from deepfocus.finders.finder import Detection, Finder

PRODUCTS = ("catalogue.fits", "catalogue.vot", "catalogue.reg", "png", "settings.toml")
COVARIANCE = "covariance.ecsv"
"""Written on request."""
UNDERSTOOD = ("psf", "primary_beam", "notes")
"""Of a cube's provenance: what was found beside it, assumed and left out."""
UNFINISHED = ".unfinished."
"""Start of the name of a folder in which products are made."""
LAST = "catalogue.ecsv"
"""Written last, so it marks the cube as finished."""


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
        head += f"# {line}\n"
    for name, value in provenance.items():
        head += f"# {name}: {json.dumps(value, sort_keys=True)}\n"
    return head + tomlkit.dumps({"finder": finder_to(finder)})


def finished(out: Path, name: str, settings: str, *, further: Sequence[str] = ()) -> bool:
    """Whether all products of a cube exist and were made with these settings.

    further : products that were requested
    """
    if not all((out / f"{name}.{ending}").is_file() for ending in (*PRODUCTS, *further, LAST)):
        return False
    return (out / f"{name}.settings.toml").read_text(encoding="utf-8") == settings


def sweep(out: Path) -> None:
    """Remove what killed runs left, but for what may belong to one that is running."""
    import shutil

    for folder in Path(out).glob(f"{UNFINISHED}*"):
        try:
            old = time.time() - folder.stat().st_mtime > OLD_S
        except FileNotFoundError:  # another run swept it, or finished
            continue
        if old:
            shutil.rmtree(folder, ignore_errors=True)


def write_products(
    out: Path,
    name: str,
    *,
    cube: Cube,
    detection: Detection,
    settings: str,
    truth: Catalogue | None = None,
    further: Sequence[str] = (),
) -> None:
    """Write all products or none: they are made in a temporary folder, then moved.

    further : products that were requested. Raises `DeepFocusError` if the finder has no covariances
    """
    from deepfocus.io.catalogues import write_catalogue
    from deepfocus.report.figures import detection_figure

    understood = {key: cube.meta[key] for key in UNDERSTOOD if key in cube.meta}
    found = detection.catalogue.with_meta(input=name, version=__version__, **understood)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{UNFINISHED}{name}.", dir=out) as folder:
        made = Path(folder)
        for suffix in ("fits", "vot", "reg", "ecsv"):
            write_catalogue(found, made / f"{name}.catalogue.{suffix}")
        (made / f"{name}.settings.toml").write_text(settings, encoding="utf-8")
        detection_figure(cube, detection, made / f"{name}.png", truth=truth)
        if COVARIANCE in further:
            _covariances(detection).write(made / f"{name}.{COVARIANCE}", format="ascii.ecsv")
        for ending in (*PRODUCTS, *further, LAST):
            file = f"{name}.{ending}"
            (made / file).replace(out / file)


def _covariances(detection: Detection) -> Table:
    if detection.covariances is None:
        raise DeepFocusError(
            "this finder knows no covariances",
            wanted="--covariance with the finder deepfocus",
            remedy="leave out --covariance, or choose --finder deepfocus",
        )
    return detection.covariances
