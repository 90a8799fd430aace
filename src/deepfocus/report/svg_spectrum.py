"""The spectrum of a source in SVG: data and model, and below what the model leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from deepfocus.finders.evidence import SpectrumPanel, Trace
from deepfocus.report.spectral_axis import SpectralAxis
from deepfocus.report.svg_axes import Frame, Scale, draw_frame, scale_of
from deepfocus.report.svg_curves import draw_line, draw_range, draw_steps, drawing

WIDTH, LEFT, RIGHT = 680.0, 84.0, 668.0
TOP, MIDDLE = 8.0, 218.0
"""Of the upper frame."""
LOWER_TOP, LOWER_BOTTOM = 230.0, 320.0
BELOW = 44.0
"""For the labels of the axis."""
MOST_CHANNELS = 512
"""Of a band that is longer, those around the line are drawn."""


Draw = Callable[[Frame, np.ndarray, np.ndarray, str], Markup]
"""Draws a curve: frame, places, values, class of the style sheet."""


@dataclass(frozen=True)
class Plot:
    """A drawing, and what it shows in words."""

    svg: Markup
    caption: str


@dataclass(frozen=True, eq=False)
class View:
    """What all frames share: the axis, its scale, and the ends of the line on it."""

    axis: SpectralAxis
    across: Scale
    line: tuple[float, float]


def spectrum_plot(panel: SpectrumPanel, line: tuple[float, float], axis: SpectralAxis) -> Plot:
    """Draw a spectrum. line : its first and last channel, fractional, NaN if not known"""
    number = len(panel.measured.values)
    shown = _around(line, panel.measured.values)
    panel = _of_channels(panel, shown)
    axis = axis.within(shown)
    low, high = (axis.at(each - shown.start) for each in line)
    view = View(axis, across_of(axis, LEFT, RIGHT), (low, high))
    caption = _caption(panel, shown, number)
    frames, bottom = _frames(panel, view)
    says = f"Spectrum of source {panel.source_id}. {caption}"
    return Plot(drawing(frames, width=WIDTH, height=bottom + BELOW, says=says), caption)


def across_of(axis: SpectralAxis, left: float, right: float) -> Scale:
    """The scale of a spectral axis, with half a channel to spare at its ends."""
    return scale_of(axis.places, left, right, margin=0.5 / max(len(axis.places) - 1, 1))


def _frames(panel: SpectrumPanel, view: View) -> tuple[Markup, float]:
    """All that is drawn, and the lowest edge of a frame."""
    measured, model = panel.measured, panel.model
    if model is None:
        return _data(measured, None, view, view.axis.label), MIDDLE
    if model.unit != measured.unit:
        lower = _lower(model, view, draw_line, "model")
        return _data(measured, None, view, "") + lower, LOWER_BOTTOM
    left = Trace("residual", measured.values - model.values, measured.unit)
    lower = _lower(left, view, draw_steps, "data")
    return _data(measured, model, view, "") + lower, LOWER_BOTTOM


def _data(measured: Trace, model: Trace | None, view: View, label_x: str) -> Markup:
    values = [measured.values] if model is None else [measured.values, model.values]
    upright = scale_of(np.concatenate(values), MIDDLE, TOP)
    frame = Frame(view.across, upright, label_x, measured.unit or measured.label)
    drawn = draw_range(frame, *view.line) + draw_frame(frame)
    drawn += draw_steps(frame, view.axis.places, measured.values, "data")
    if model is not None:
        drawn += draw_line(frame, view.axis.places, model.values, "model")
    return drawn


def _lower(trace: Trace, view: View, draw: Draw, kind: str) -> Markup:
    upright = scale_of(trace.values, LOWER_BOTTOM, LOWER_TOP)
    frame = Frame(view.across, upright, view.axis.label, trace.label)
    curve = draw(frame, view.axis.places, trace.values, kind)
    return draw_range(frame, *view.line) + draw_frame(frame) + curve


def _around(line: tuple[float, float], values: np.ndarray) -> slice:
    """The channels that are drawn: all, or as many as there may be around the line."""
    number = len(values)
    if number <= MOST_CHANNELS:
        return slice(0, number)
    middle = sum(line) / 2
    if not np.isfinite(middle):
        middle = float(np.argmax(np.where(np.isfinite(values), values, -np.inf)))
    first = int(np.clip(middle - MOST_CHANNELS / 2, 0, number - MOST_CHANNELS))
    return slice(first, first + MOST_CHANNELS)


def _of_channels(panel: SpectrumPanel, shown: slice) -> SpectrumPanel:
    def cut(trace: Trace) -> Trace:
        return Trace(trace.label, trace.values[shown], trace.unit)

    model = None if panel.model is None else cut(panel.model)
    return SpectrumPanel(panel.source_id, cut(panel.measured), model)


def _caption(panel: SpectrumPanel, shown: slice, number: int) -> str:
    measured, model = panel.measured, panel.model
    said = f"Blue steps: {measured.label}."
    if model is not None:
        said += f" Red line: {model.label}."
        same = model.unit == measured.unit
        said += " Below: what it leaves." if same else f" It is drawn below{_unit(model)}."
    if shown.stop - shown.start < number:
        said += f" Channels {shown.start} to {shown.stop - 1} of {number}."
    return f"{said} Shaded: the line's channels."


def _unit(trace: Trace) -> str:
    return f", in {trace.unit}" if trace.unit else ""
