"""The report of a detection: one page that opens offline, in any browser, and loads nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from deepfocus import __version__
from deepfocus.core.catalogue import Catalogue, numbered
from deepfocus.core.cube import Cube
from deepfocus.core.files import whole_file
from deepfocus.finders.evidence import ImagePanel
from deepfocus.finders.finder import Detection
from deepfocus.report.brightness import brightest
from deepfocus.report.field_picture import field_png
from deepfocus.report.inspection import Inspection, inspected, inspected_unread
from deepfocus.report.inspection_in_words import understood_of
from deepfocus.report.quantities import (
    IN_TABLE,
    OF_REJECTED,
    OF_SOURCE,
    Cell,
    Quantity,
    longer_axis_first,
    shown_of,
)
from deepfocus.report.source_sections import sections_of
from deepfocus.report.spectral_axis import spectral_axis
from deepfocus.report.svg_noise import noise_plot

TEMPLATE = "report.html.j2"
MOST_PICTURES = 200
"""Sources that are drawn; each takes some 40 kB of the page."""
MOST_REJECTED = 1000
"""Rejected candidates that are listed."""


@dataclass(frozen=True)
class Field:
    """The picture of the field. png : data URI; title : of what it shows"""

    png: str
    title: str
    says: str


@dataclass(frozen=True)
class Line:
    """Of a table. words : the warning, or the reason of a rejection"""

    source_id: int
    cells: tuple[Cell, ...]
    words: str


@dataclass(frozen=True)
class Listed:
    """A table of the page. left_out : rows of the catalogue that it does not have"""

    quantities: tuple[Quantity, ...]
    lines: tuple[Line, ...]
    left_out: int = 0


def write_report(
    cube: Cube, detection: Detection, path: Path, *, name: str, settings: str, archive: str = ""
) -> Path:
    """Write the report of a search whole or not at all; return `path`.

    name : of the cube, as the page is called; settings : as text, with all that led to the result
    archive : name of the file beside it in which the sources are cut out, '' if there is none
    """
    page = report_page(cube, detection, name=name, settings=settings, archive=archive)
    with whole_file(path) as temporary:
        # names of files may hold what is no character
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")
    return path


def report_page(
    cube: Cube, detection: Detection, *, name: str, settings: str, archive: str = ""
) -> str:
    """The page as HTML."""
    inspection = _inspection(cube)
    accepted = detection.catalogue.accepted
    drawn = brightest(accepted, MOST_PICTURES)
    return _template().render(
        name=name or "Cube",
        found=_found_in_words(detection.catalogue),
        understood=understood_of(inspection),
        notes=dict.fromkeys((*inspection.notes, *detection.notes)),
        field=_field(cube, detection, drawn),
        table=_accepted(detection.catalogue),
        sections=sections_of(cube, detection, drawn),
        of_source=[each for each in OF_SOURCE if each.known_in(accepted)],
        most_pictures=MOST_PICTURES,
        rejected=_rejected(detection.catalogue),
        reasons=_reasons(detection.catalogue),
        noise=_noise(inspection, cube),
        companions=_companions(cube),
        version=__version__,
        settings=settings,
        by_parts=not isinstance(cube.data, np.ndarray),
        archive=archive,
        archive_link=quote(archive),
    )


def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("deepfocus.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)


def _inspection(cube: Cube) -> Inspection:
    """What is read by parts is not read once more for the page."""
    return inspected(cube) if isinstance(cube.data, np.ndarray) else inspected_unread(cube)


def _found_in_words(found: Catalogue) -> str:
    accepted = len(found.accepted)
    return (
        f"{numbered(accepted, 'source')}, {numbered(len(found) - accepted, 'rejected candidate')}"
    )


def _field(cube: Cube, detection: Detection, drawn: Catalogue) -> Field | None:
    """The finder's first image; None if it has none."""
    panels = [each for each in detection.evidence if isinstance(each, ImagePanel)]
    if not panels:
        return None
    found = detection.catalogue.accepted
    return Field(
        png=field_png(panels[0], cube, found, drawn),
        title=panels[0].title,
        says=f"Image of the field, {panels[0].title}, with {numbered(len(found), 'source')} marked",
    )


def _accepted(found: Catalogue) -> Listed:
    rows = longer_axis_first(found.accepted)
    quantities = shown_of(IN_TABLE, rows)
    return Listed(quantities, _lines(quantities, rows, "warning"))


def _lines(quantities: Sequence[Quantity], rows: Catalogue, words: str) -> tuple[Line, ...]:
    """words : the column that ends them"""
    cells = [each.cells(rows) for each in quantities]
    return tuple(
        Line(int(number), tuple(each[i] for each in cells), str(said))
        for i, (number, said) in enumerate(zip(rows["id"], rows[words], strict=True))
    )


def _rejected(found: Catalogue) -> Listed:
    """The candidates with the highest signal-to-noise, if they are too many."""
    rejected = found.where(found["flag"] != 0)
    snr = np.where(
        np.isfinite(rejected["snr_focused"]), rejected["snr_focused"], rejected["snr_peak"]
    )
    order = np.argsort(-np.nan_to_num(snr), kind="stable")
    rows = rejected.at(np.sort(order[:MOST_REJECTED]))
    quantities = shown_of(OF_REJECTED, rows)
    lines = _lines(quantities, rows, "reason")
    return Listed(quantities, lines, left_out=len(rejected) - len(rows))


def _reasons(found: Catalogue) -> list[tuple[str, int]]:
    """Why candidates were rejected, and how many for each reason, most first."""
    return Counter(map(str, found.where(found["flag"] != 0)["reason"])).most_common()


def _noise(inspection: Inspection, cube: Cube) -> Markup | None:
    if inspection.noise is None:
        return None
    return noise_plot(inspection.noise, spectral_axis(cube.grid))


def _companions(cube: Cube) -> Mapping[str, str]:
    """Files beside the cube that were used, by what they are."""
    named = (("PSF", cube.meta.get("psf")), ("Primary beam", cube.meta.get("primary_beam")))
    return {what: str(file) for what, file in named if file}
