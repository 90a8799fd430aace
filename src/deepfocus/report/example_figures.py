"""The paper's Figures 10 to 13, 15, 18 and 19: what each step of the six networks makes of a cube.

Green is what is true, red is what was found, as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.examples import Example
from deepfocus.finders.evidence import CutoutPanel, ImagePanel, SpectrumPanel
from deepfocus.report.brightness import brightest
from deepfocus.report.figures import blank_figure
from deepfocus.report.finder_colours import COLOURS
from deepfocus.report.panels import (
    FOUND_COLOUR,
    FOUND_ON_DARK,
    ON_IMAGE,
    TRUE_ON_DARK,
    draw_boxes,
    draw_spectrum,
    faint_and_bright,
    inside_box,
    stretch,
    zoom_to_boxes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SKY_TITLE = "True sky, summed over frequency"
ON_SKY: dict[str, Any] = {"origin": "lower", "cmap": "gray", "interpolation": "nearest"}
MOST_FOCUSED = 6
"""Focused images in Figure 15."""


def figures_10_to_12(example: Example) -> Figure:
    """The integrated dirty cube, the true sky, and the map of probability, with their boxes."""
    figure = blank_figure(width=16.0, height=5.4)
    figure.suptitle(_title(example), fontsize=13)
    dirty, sky, probability = figure.subplots(1, 3)
    _draw_column((dirty, sky, probability), example)
    for catalogue, colour in ((example.truth, TRUE_ON_DARK), (example.blobs, FOUND_ON_DARK)):
        sky.plot(catalogue["x"], catalogue["y"], "o", color=colour, ms=4)
    for axes in (dirty, sky, probability):
        axes.set_xlabel("x (px)")
        axes.set_ylabel("y (px)")
    return figure


def figure_13(example: Example) -> Figure:
    """The spectrum of the blob with most lines, what the network makes of it, and their ranges.

    example : with an accepted source
    """
    figure = blank_figure(width=10.0, height=4.6)
    axes = figure.subplots()
    panel = _most_lines(example)
    found = example.detection.catalogue.accepted
    draw_spectrum(axes, panel, found, example.truth)
    # of the sources of a blob, one has none before it and the others name that one
    blob = np.where(found["parent_id"] > 0, found["parent_id"], found["id"])
    same = found.where(np.isin(blob, blob[found["id"] == panel.source_id]))
    for edge in ("channel_lo", "channel_hi"):
        for channel in same[edge][same["id"] != panel.source_id]:
            axes.axvline(channel, color=FOUND_COLOUR, lw=1.2, ls=":")
    axes.set_title(f"{_title(example)}: spectrum of source {panel.source_id}", fontsize=12)
    return figure


def figure_15(example: Example) -> Figure:
    """The integrated cube with a colour for each source, and the focused image of each."""
    figure = blank_figure(width=15.0, height=6.2)
    figure.suptitle(_title(example), fontsize=13)
    halves = figure.add_gridspec(1, 2, width_ratios=(1.0, 1.25))
    left = figure.add_subfigure(halves[0]).subplots()
    right = figure.add_subfigure(halves[1])
    found = example.detection.catalogue.accepted
    image = _image(example, 0)
    left.imshow(image.image, norm=faint_and_bright(image.image), **ON_SKY)
    panels = _cutouts(example)
    handles = [
        _draw_source(left, found.where(found["id"] == panel.source_id), COLOURS[i])
        for i, panel in enumerate(panels)
    ]
    zoom_to_boxes(left, image.image.shape, found, example.truth)
    left.set_title(image.title, fontsize=11)
    if handles:
        left.legend(handles=handles, fontsize=8, loc="upper right", **ON_IMAGE)
    focused = right.subplots(2, MOST_FOCUSED // 2).ravel()
    for i, axes in enumerate(focused):
        if i < len(panels):
            _draw_focused(axes, panels[i], found, COLOURS[i])
        else:
            axes.set_axis_off()
    return figure


def figures_18_and_19(examples: Sequence[Example]) -> Figure:
    """Several cubes: integrated, their true sky, and the map of probability below each other."""
    figure = blank_figure(width=4.2 * len(examples), height=12.0)
    panels = figure.subplots(3, len(examples), squeeze=False)
    for column, example in zip(panels.T, examples, strict=True):
        _draw_column(column, example, legend=False)
        column[0].set_title(_title(example), fontsize=11)
        for axes in column[1:]:
            axes.set_title("")
    words = ("integrated dirty cube", "true sky", "detection probability")
    for axes, what in zip(panels[:, 0], words, strict=True):
        axes.set_ylabel(what, fontsize=12)
    return figure


def _title(example: Example) -> str:
    return f"cube {example.key}, {example.label}"


def _draw_column(axes: Sequence[Axes], example: Example, *, legend: bool = True) -> None:
    dirty, sky, probability = axes
    image, chance = _image(example, 0), _image(example, 1)
    true, found = (example.truth, TRUE_ON_DARK, 2.2), (example.blobs, FOUND_ON_DARK, 1.3)
    dirty.imshow(image.image, norm=faint_and_bright(image.image), **ON_SKY)
    sky.imshow(example.sky, norm=faint_and_bright(example.sky), **ON_SKY)
    probability.imshow(chance.image, vmin=0.0, vmax=1.0, **(ON_SKY | {"cmap": "magma"}))
    for each, title, boxes in (
        (dirty, image.title, (true,)),
        (sky, SKY_TITLE, (true, found)),
        (probability, chance.title, (found,)),
    ):
        each.set_title(title, fontsize=11)
        for catalogue, colour, width in boxes:
            draw_boxes(each, catalogue, colour, width=width)
        zoom_to_boxes(each, example.sky.shape, example.blobs, example.truth)
        if legend:
            _label_boxes(each, boxes)


def _label_boxes(axes: Axes, boxes: Sequence[tuple[Catalogue, str, float]]) -> None:
    from matplotlib.lines import Line2D

    names = {TRUE_ON_DARK: "true", FOUND_ON_DARK: "Blobs Finder"}
    handles = [
        Line2D([], [], color=colour, lw=width, label=f"{names[colour]} ({len(rows)})")
        for rows, colour, width in boxes
    ]
    axes.legend(handles=handles, loc="upper right", fontsize=9, **ON_IMAGE)


def _draw_source(axes: Axes, row: Catalogue, colour: str) -> Any:
    """Its box; returns what the legend shows."""
    from matplotlib.lines import Line2D

    draw_boxes(axes, row, colour, width=2.0)
    snr = _number(row["global_snr"][0])
    return Line2D([], [], color=colour, lw=2, label=f"{row['id'][0]}: Global SNR {snr}")


def _draw_focused(axes: Axes, panel: CutoutPanel, found: Catalogue, colour: str) -> None:
    row = found.where(found["id"] == panel.source_id)
    low, high = stretch(panel.image)
    axes.imshow(panel.image, vmin=low, vmax=high, **ON_SKY)
    snr = _number(row["global_snr_focused"][0])
    axes.set_title(f"{panel.source_id}: Global SNR {snr}", fontsize=10, color=colour)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(colour)
        spine.set_linewidth(2)


def _image(example: Example, which: int) -> ImagePanel:
    images = [each for each in example.detection.evidence if isinstance(each, ImagePanel)]
    return images[which]


def _cutouts(example: Example) -> list[CutoutPanel]:
    """Focused images of the brightest accepted sources, in the order of the catalogue."""
    shown = set(brightest(example.detection.catalogue.accepted, MOST_FOCUSED)["id"].tolist())
    cutouts = (each for each in example.detection.evidence if isinstance(each, CutoutPanel))
    return [each for each in cutouts if each.source_id in shown]


def _most_lines(example: Example) -> SpectrumPanel:
    """The spectrum of the accepted source in whose box most true lines lie."""
    found = example.detection.catalogue.accepted
    ids = set(found["id"].tolist())
    spectra = [
        each
        for each in example.detection.evidence
        if isinstance(each, SpectrumPanel) and each.source_id in ids
    ]

    def lines(panel: SpectrumPanel) -> int:
        return len(inside_box(example.truth, found.where(found["id"] == panel.source_id)))

    return max(spectra, key=lines)


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else "-"
