"""Figures of a detection and of a score, as in the paper's Figures 10 to 13 and 20.

Everything is drawn with matplotlib objects on an Agg canvas: no window, no pyplot and no state
that outlives the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cell_shape import sides_arcsec
from deepfocus.core.cube import Cube
from deepfocus.core.files import whole_file
from deepfocus.evaluation.residuals import PARAMETERS
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel
from deepfocus.finders.finder import Detection
from deepfocus.ops.outlines import shapes_in_image
from deepfocus.report.brightness import brightness
from deepfocus.report.panels import (
    draw_cutout,
    draw_field,
    draw_histogram,
    draw_nothing,
    draw_scatter,
    draw_spectrum,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

DPI = 150
SHOWN = ("x", "y", "FWHM x", "FWHM y", "z", "dz", "pa", "line flux")


def detection_figure(
    cube: Cube, detection: Detection, path: Path, truth: Catalogue | None = None
) -> Path:
    """Draw the sources found in a cube, with the truth if known; return `path`.

    Shows the finder's first two images of the field with true (green) and found (red) sources,
    and the spectrum and image of the brightest accepted source for which it has them.
    """
    figure = blank_figure(width=13.0, height=10.4)
    rows = figure.add_gridspec(2, 1, height_ratios=(1.2, 1))
    upper, lower = figure.add_subfigure(rows[0]), figure.add_subfigure(rows[1])
    spectrum, cutout = lower.subplots(1, 2, width_ratios=(1.6, 1))
    found = detection.catalogue.accepted
    _title(figure, cube, found, truth)
    fields = [panel for panel in detection.evidence if isinstance(panel, ImagePanel)][:2]
    for axes, panel in zip(_row_of(upper, len(fields)), fields, strict=True):
        draw_field(axes, panel, found, truth)
        axes.set_aspect(pixel_aspect(cube))
    spectra = {p.source_id: p for p in detection.evidence if isinstance(p, SpectrumPanel)}
    cutouts = {p.source_id: p for p in detection.evidence if isinstance(p, CutoutPanel)}
    brightest = brightest_of(found, among=spectra or cutouts)
    if brightest in spectra:
        draw_spectrum(spectrum, spectra[brightest], found, truth)
    else:
        draw_nothing(spectrum, "no source, no spectrum")
    if brightest in cutouts:
        draw_cutout(cutout, cutouts[brightest], shapes_in_image(found, cube))
        cutout.set_aspect(pixel_aspect(cube))
    else:
        draw_nothing(cutout, "no source, no image")
    return save_figure(figure, path)


def pixel_aspect(cube: Cube) -> float:
    """Height of a pixel over its width, as it is drawn."""
    if cube.grid.square_cells:
        return 1.0
    width, height = sides_arcsec(cube.grid.sky)
    return height / width


def _row_of(figure: SubFigure, number: int) -> list[Axes]:
    """Axes side by side."""
    return [figure.add_subplot(1, number, i + 1) for i in range(number)]


def residual_figure(truth_matched: Catalogue, found_matched: Catalogue, path: Path) -> Path:
    """Draw what `residuals_drawn` does into a file; return `path`."""
    return save_figure(residuals_drawn(truth_matched, found_matched), path)


def residuals_drawn(truth_matched: Catalogue, found_matched: Catalogue) -> Figure:
    """Measured against true values and the residuals of each parameter, as in Figure 20.

    truth_matched, found_matched : matched pairs, row by row, such as those of a `Score`
    """
    shown = [parameter for parameter in PARAMETERS if parameter.name in SHOWN]
    figure = blank_figure(width=14.0, height=13.2)
    grid = figure.add_gridspec(4, 4)
    figure.suptitle(
        f"Measured against true values, {len(truth_matched)} matched sources", fontsize=14
    )
    for i, parameter in enumerate(shown):
        row, column = 2 * (i // 4), i % 4
        scatter = figure.add_subplot(grid[row, column])
        histogram = figure.add_subplot(grid[row + 1, column])
        draw_scatter(scatter, parameter, truth_matched, found_matched)
        draw_histogram(histogram, parameter, truth_matched, found_matched)
    return figure


def blank_figure(*, width: float, height: float) -> Figure:
    """An empty figure of that many inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    figure = Figure(figsize=(width, height), facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure whole or not at all; return `path`."""
    path = Path(path)
    with whole_file(path) as temporary:
        # The suffix of the path gives the format: png, pdf or svg.
        kind = path.suffix.lstrip(".") or "png"
        # the same results make the same file
        metadata = {"CreationDate": None} if kind == "pdf" else None
        figure.savefig(temporary, dpi=DPI, format=kind, metadata=metadata)
    return path


def _title(figure: Figure, cube: Cube, found: Catalogue, truth: Catalogue | None) -> None:
    sources = f"{len(found)} source{'' if len(found) == 1 else 's'} found"
    known = f", {len(truth)} true" if truth is not None else ""
    name = cube.meta.get("name")
    figure.suptitle(f"{name}: {sources}{known}" if name else sources + known, fontsize=14)


def brightest_of(found: Catalogue, *, among: Iterable[int]) -> int | None:
    """Id of the source with the largest line flux (else peak) among those ids; None without any."""
    some = found.where(np.isin(found["id"], list(among)))
    return int(some["id"][np.argmax(brightness(some))]) if len(some) else None
