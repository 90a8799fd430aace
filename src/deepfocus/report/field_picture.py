"""The field as a picture: its sources outlined and numbered, in coordinates of the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cell_shape import sides_arcsec
from deepfocus.core.cube import Cube
from deepfocus.finders.evidence import ImagePanel
from deepfocus.ops.outlines import Outline, beam_outline, outlines
from deepfocus.report.figures import blank_figure, pixel_aspect
from deepfocus.report.inline_png import figure_png
from deepfocus.report.panels import FOUND_ON_DARK, faint_and_bright, round_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 5.9, 1.0, 10.0
"""Of the image, inches."""
LEFT, BOTTOM, RIGHT, TOP = 1.3, 0.7, 1.2, 0.15
"""Around it, for the labels of its axes and the colour bar, inches."""
BAR_FROM, BAR_WIDTH = 0.15, 0.2
"""Of the colour bar: from the image, and its own, inches."""
DPI = 110.0
LABELS = {
    "RA": "Right ascension",
    "DEC": "Declination",
    "GLON": "Galactic longitude",
    "GLAT": "Galactic latitude",
}
BAR_SHARE, CORNER = 0.25, 0.04
"""Shares of the image's width: the most of the scale bar, and what is free at the edges."""
BEAM_COLOUR = "#ffb000"


def field_png(panel: ImagePanel, cube: Cube, found: Catalogue, numbered: Catalogue) -> str:
    """Data URI of the field. found : the sources; numbered : those that get their number"""
    figure = _figure_for(panel, cube)
    axes = figure.axes[0]
    _draw_image(axes, panel)
    _label_axes(axes, cube)
    _draw_sources(axes, cube, found)
    _number(axes, numbered)
    _draw_beam(axes, cube)
    _draw_scale_bar(axes, cube)
    axes.set_xlim(-0.5, cube.grid.nx - 0.5)
    axes.set_ylim(-0.5, cube.grid.ny - 0.5)
    return figure_png(figure, DPI)


def _figure_for(panel: ImagePanel, cube: Cube) -> Figure:
    """With axes at a known place: to find a layout takes longer than to draw."""
    aspect = pixel_aspect(cube)
    ny, nx = panel.image.shape
    height = float(np.clip(WIDTH * ny * aspect / nx, LEAST_HEIGHT, MOST_HEIGHT))
    full_width, full_height = LEFT + WIDTH + RIGHT, BOTTOM + height + TOP
    figure = blank_figure(width=full_width, height=full_height)
    figure.set_layout_engine("none")
    place = LEFT / full_width, BOTTOM / full_height, WIDTH / full_width, height / full_height
    on_sky = {} if cube.grid.frame is None else {"projection": cube.grid.sky}
    figure.add_axes(place, **on_sky).set_aspect(aspect)
    return figure


def _draw_image(axes: Axes, panel: ImagePanel) -> None:
    from matplotlib.colors import Normalize

    norm = faint_and_bright(panel.image) if panel.limits is None else Normalize(*panel.limits)
    picture = axes.imshow(
        panel.image, origin="lower", cmap="gray", norm=norm, interpolation="nearest",
        aspect=axes.get_aspect(),
    )  # fmt: skip
    ticks = round_ticks(norm) if panel.limits is None else None
    share = 1 / WIDTH
    beside = axes.inset_axes((1 + share * BAR_FROM, 0.0, share * BAR_WIDTH, 1.0))
    bar = axes.figure.colorbar(picture, cax=beside, ticks=ticks, format="%g")
    bar.set_label(panel.unit, parse_math=False)


def _label_axes(axes: Any, cube: Cube) -> None:
    if cube.grid.frame is None:
        axes.set_xlabel("x (px)")
        axes.set_ylabel("y (px)")
        return
    for coordinate, ctype in zip(axes.coords, cube.grid.sky.wcs.ctype, strict=False):
        name = str(ctype)[:4].strip("-")
        coordinate.set_axislabel(LABELS.get(name, name))


def _draw_sources(axes: Axes, cube: Cube, found: Catalogue) -> None:
    """Ellipses as large as the sources are through the beam, and circles where no size is known."""
    from matplotlib.collections import EllipseCollection

    known = outlines(found, cube)
    least = cube.beam_px or 0.01 * max(cube.grid.nx, cube.grid.ny)
    columns = zip(found["id"], found["x"], found["y"], strict=True)
    drawn = [known.get(int(number), Outline(x, y, 0.0, 0.0, 0.0)) for number, x, y in columns]
    if not drawn:
        return
    sizes = [[float(np.hypot(size, least)) for size in (each.minor, each.major)] for each in drawn]
    widths, heights = zip(*sizes, strict=True)
    axes.add_collection(
        EllipseCollection(
            widths, heights, [each.pa for each in drawn], units="xy",
            offsets=[(each.x, each.y) for each in drawn], offset_transform=axes.transData,
            facecolors="none", edgecolors=FOUND_ON_DARK, linewidths=1.3,
        )
    )  # fmt: skip


def _number(axes: Axes, numbered: Catalogue) -> None:
    from matplotlib.patheffects import withStroke

    outline = [withStroke(linewidth=2, foreground="black")]
    for number, x, y in zip(numbered["id"], numbered["x"], numbered["y"], strict=True):
        if np.isfinite([x, y]).all():
            axes.annotate(
                str(number), (x, y), xytext=(6, 5), textcoords="offset points", fontsize=9,
                color=FOUND_ON_DARK, fontweight="bold", path_effects=outline, annotation_clip=True,
            )  # fmt: skip


def _draw_beam(axes: Axes, cube: Cube) -> None:
    """In the lower left corner."""
    from matplotlib.patches import Ellipse

    beam = beam_outline(cube)
    if beam is None:
        return
    away = CORNER * cube.grid.nx + beam.major / 2
    axes.add_patch(
        Ellipse(
            (away, away), beam.minor, beam.major, angle=beam.pa,
            fill=False, edgecolor=BEAM_COLOUR, lw=1.3, hatch="////",
        )
    )  # fmt: skip


def _draw_scale_bar(axes: Axes, cube: Cube) -> None:
    """In the lower right corner, of a round number of arcseconds."""
    from matplotlib.patheffects import withStroke

    side = sides_arcsec(cube.grid.sky)[0]
    if not (np.isfinite(side) and side > 0):
        return
    arcsec = _round_below(BAR_SHARE * cube.grid.nx * side)
    right, low = (1 - CORNER) * cube.grid.nx, CORNER * cube.grid.ny
    outline = [withStroke(linewidth=4, foreground="black")]
    left = right - arcsec / side
    axes.plot([left, right], [low, low], color="white", lw=2, path_effects=outline)
    axes.annotate(
        f"{arcsec:g} arcsec", ((left + right) / 2, low), xytext=(0, 5), ha="center", color="white",
        textcoords="offset points", path_effects=[withStroke(linewidth=2, foreground="black")],
    )  # fmt: skip


def _round_below(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is no larger."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(each * power for each in (5, 2, 1) if each * power <= value * (1 + 1e-9)))
