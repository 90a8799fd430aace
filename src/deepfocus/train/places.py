"""Where examples are cut: around true sources, with a finder's errors, or on empty sky."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.grid import Grid
from deepfocus.core.source import Ellipse, Source
from deepfocus.ops.boxes import Box, source_box


@dataclass(frozen=True)
class Place:
    """A source as found (or placed) and the box of its blob; `truth` is its row in the truth."""

    truth: int
    box: Box
    source: Source


def true_source(truth: Catalogue, i: int) -> Source:
    """The Gaussian and the line in row `i` of a truth catalogue."""
    columns = {
        **{name: name for name in ("x", "y", "fwhm_x_px", "fwhm_y_px", "pa", "channel")},
        "fwhm_chan": "line_fwhm_chan",
    }
    return Source(**{name: float(truth[column][i]) for name, column in columns.items()})


def true_place(truth: Catalogue, i: int) -> Place:
    """The place of row `i` without any error."""
    edges = {name: float(truth[f"box_{name}"][i]) for name in ("x0", "x1", "y0", "y1")}
    return Place(truth=i, box=Box(**edges), source=true_source(truth, i))


def jittered_places(truth: Catalogue, rng: np.random.Generator) -> list[Place]:
    """A place for each true source, with errors like those of a finder."""
    return [_jittered(true_source(truth, i), i, rng) for i in range(len(truth))]


def _jittered(true: Source, i: int, rng: np.random.Generator) -> Place:
    size = np.sqrt(true.fwhm_x_px * true.fwhm_y_px)
    x = true.x + rng.normal(0, 0.04 * size + 0.3)
    y = true.y + rng.normal(0, 0.04 * size + 0.3)
    fwhm = true.fwhm_chan * np.exp(rng.normal(0, 0.08))
    channel = true.channel + rng.normal(0, 0.05) * fwhm
    fwhm_x, fwhm_y = (
        np.exp(rng.normal(0, 0.1)) * width for width in (true.fwhm_x_px, true.fwhm_y_px)
    )
    found = Source(
        x=float(x),
        y=float(y),
        fwhm_x_px=float(fwhm_x),
        fwhm_y_px=float(fwhm_y),
        pa=true.pa,
        channel=channel,
        fwhm_chan=fwhm,
    )
    return Place(truth=i, box=source_box(found), source=found)


def empty_boxes(truth: Catalogue, grid: Grid, rng: np.random.Generator) -> list[Box]:
    """One box without a source, like a false positive of Blobs Finder; none in a full field."""
    for _ in range(20):
        x, y = rng.uniform(0.15, 0.85, size=2) * (grid.nx, grid.ny)
        fwhm_x, fwhm_y = rng.uniform(5.0, 15.0, size=2)
        box = source_box(Ellipse(float(x), float(y), float(fwhm_x), float(fwhm_y), 0.0))
        if not any(
            box.contains(a, b, margin=8.0) for a, b in zip(truth["x"], truth["y"], strict=True)
        ):
            return [box]
    return []
