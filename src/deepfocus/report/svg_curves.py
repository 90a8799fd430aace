"""Curves of a drawing in SVG: steps, lines and dots; what is not finite is left out."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from deepfocus.core.channels import is_image
from deepfocus.core.voxels import runs
from deepfocus.report.svg_axes import Frame


def draw_steps(frame: Frame, x: np.ndarray, values: np.ndarray, kind: str) -> Markup:
    """One step for each value; dots where they are too few to show one.

    x : (n,) places of the values; kind : class of the style sheet
    """
    if is_image(len(values)):
        return _dots(frame, x, values, kind)
    edges, heights = frame.x(_edges(x)), frame.y(values)
    path = ""
    for run in runs(np.isfinite(heights)):
        path += f"M{edges[run.start]:.1f} {heights[run.start]:.1f}H{edges[run.start + 1]:.1f}"
        path += "".join(
            f"V{heights[i]:.1f}H{edges[i + 1]:.1f}" for i in range(run.start + 1, run.stop)
        )
    return _path(path, kind)


def draw_line(frame: Frame, x: np.ndarray, values: np.ndarray, kind: str) -> Markup:
    """A line from value to value, or dots where they are few."""
    if is_image(len(values)):
        return _dots(frame, x, values, kind)
    across, heights = frame.x(x), frame.y(values)
    path = ""
    for run in runs(np.isfinite(heights)):
        points = zip(across[run], heights[run], strict=True)
        path += "M" + " ".join(f"{right:.1f} {up:.1f}" for right, up in points)
    return _path(path, kind)


def draw_range(frame: Frame, low: float, high: float) -> Markup:
    """A band over the height of the frame, cut off at its sides; nothing without its ends."""
    ends = np.clip(np.sort(frame.x(np.array([low, high]))), frame.x.start, frame.x.stop)
    if not np.isfinite(ends).all() or ends[0] == ends[1]:
        return Markup("")
    top, bottom = frame.y.stop, frame.y.start
    return Markup(
        '<rect class="range" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>'
    ).format(ends[0], top, ends[1] - ends[0], bottom - top)


def drawing(content: Markup, *, width: float, height: float, says: str) -> Markup:
    """The whole drawing. says : what it shows, for those who cannot see it"""
    # lines also where the page's style sheet does not reach, as in programs that print pages
    return Markup(
        '<svg class="plot" viewBox="0 0 {:.0f} {:.0f}" fill="none" stroke="currentColor" '
        'role="img" aria-label="{}">{}</svg>'
    ).format(width, height, says, content)


def _edges(x: np.ndarray) -> np.ndarray:
    """(n + 1,) halfway between places, and as far beyond the ends."""
    middle = (x[1:] + x[:-1]) / 2
    edges: np.ndarray = np.concatenate([[2 * x[0] - middle[0]], middle, [2 * x[-1] - middle[-1]]])
    return edges


def _path(path: str, kind: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(kind, path) if path else Markup("")


def _dots(frame: Frame, x: np.ndarray, values: np.ndarray, kind: str) -> Markup:
    points = zip(frame.x(x), frame.y(values), strict=True)
    return Markup("").join(
        Markup('<circle class="dot {}" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(kind, across, up)
        for across, up in points
        if np.isfinite(up)
    )
