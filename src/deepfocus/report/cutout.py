"""The image around a source: a small picture, and outlines that are drawn over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from deepfocus.finders.evidence import CutoutPanel
from deepfocus.ops.outlines import Outline
from deepfocus.report.inline_png import coloured_png
from deepfocus.report.panels import stretch

FROM_EDGE = 1.5
"""Pixels between the beam and the picture's corner."""


@dataclass(frozen=True)
class Picture:
    """png : data URI; over : outlines as SVG; says : what it shows, for those who cannot see it

    aspect : width over height, as drawn
    """

    png: str
    over: Markup
    caption: str
    says: str
    aspect: float


def pictures(
    panels: Sequence[CutoutPanel],
    *,
    source: Outline | None,
    beam: Outline | None,
    pixel_aspect: float,
) -> Iterator[Picture]:
    """Of the panels of one source; those of one unit have the grey levels of the first.

    pixel_aspect : height of a pixel over its width
    """
    for panel in panels:
        like = next(each for each in panels if each.unit == panel.unit)
        low, high = stretch(like.image)
        ny, nx = panel.image.shape
        levels = f"{low:.2g} to {high:.2g} {panel.unit}".rstrip()
        yield Picture(
            png=coloured_png(panel.image, (low, high), "gray"),
            over=drawn_over(panel.image.shape, (panel.y0, panel.x0), source, beam),
            caption=f"{panel.title[:1].upper()}{panel.title[1:]}; black to white: {levels}",
            says=f"Image around source {panel.source_id}, {panel.title}, {nx} x {ny} pixels",
            aspect=nx / (ny * pixel_aspect),
        )


def drawn_over(
    shape: tuple[int, ...], first: tuple[int, int], source: Outline | None, beam: Outline | None
) -> Markup:
    """A source and the beam over an image (y, x) of that shape.

    first : y and x of its first pixel in the cube
    """
    (ny, nx), (y0, x0) = shape, first
    drawn = Markup("")
    if source is not None:
        # y is downwards here, and pixel 0 reaches from 0 to 1
        x, y = source.x - x0 + 0.5, ny - (source.y - y0 + 0.5)
        drawn += _ellipse(source, x, y, "source")
    if beam is not None and beam.major < min(nx, ny) / 2:
        away = beam.major / 2 + FROM_EDGE
        drawn += _ellipse(beam, away, ny - away, "beam")
    return Markup(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" fill="none" stroke="#ff5a5f" '
        'aria-hidden="true">{}</svg>'
    ).format(nx, ny, drawn)


def _ellipse(outline: Outline, x: float, y: float, kind: str) -> Markup:
    return Markup(
        '<ellipse class="{}" cx="{:.2f}" cy="{:.2f}" rx="{:.2f}" ry="{:.2f}" '
        'transform="rotate({:.1f} {:.2f} {:.2f})"/>'
    ).format(kind, x, y, outline.minor / 2, outline.major / 2, -outline.pa, x, y)
