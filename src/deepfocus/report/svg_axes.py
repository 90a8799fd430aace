"""Axes of a drawing in SVG: scales from values to places, round ticks, their lines and labels.

Colours and fonts are those of the page: its style sheet knows the classes that are used here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

MARGIN = 0.06
"""Of the range of values, left free on either side."""
TICK_LENGTH = 5.0


@dataclass(frozen=True)
class Scale:
    """Places values from `low` to `high` linearly from `start` to `stop` of the drawing."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, values: np.ndarray | float) -> np.ndarray:
        """NaN stays NaN."""
        share = (np.asarray(values, float) - self.low) / (self.high - self.low)
        placed: np.ndarray = self.start + share * (self.stop - self.start)
        return placed


@dataclass(frozen=True)
class Frame:
    """A box with a scale on each axis. label_x : '' draws no labels of the ticks of x either"""

    x: Scale
    y: Scale
    label_x: str
    label_y: str


def scale_of(values: np.ndarray, start: float, stop: float, *, margin: float = MARGIN) -> Scale:
    """A scale that holds all finite values, and some range around equal ones."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    if not high > low:
        half = 0.5 * abs(low) or 0.5
        low, high = low - half, high + half
    free = margin * (high - low)
    return Scale(low - free, high + free, start, stop)


def ticks_of(scale: Scale, most: int) -> list[float]:
    """About that many round values inside a scale, in rising order."""
    low, high = sorted((scale.low, scale.high))
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough)
    return [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def tick_labels(ticks: list[float]) -> list[str]:
    """With as many digits as tell them apart."""
    if len(ticks) < 2:
        return [f"{each:.6g}" for each in ticks]
    step = ticks[1] - ticks[0]
    largest = max(abs(each) for each in ticks)
    if not 1e-4 <= largest < 1e7:
        return [f"{each:.3g}" if abs(each) > step / 2 else "0" for each in ticks]
    digits = max(-math.floor(math.log10(step) + 1e-9), 0)
    return [f"{round(each, digits) + 0.0:.{digits}f}" for each in ticks]


def draw_frame(frame: Frame) -> Markup:
    """The box, its ticks and labels, and a line at zero if it is inside."""
    left, right = frame.x.start, frame.x.stop
    bottom, top = frame.y.start, frame.y.stop
    parts = [
        Markup('<rect class="box" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"/>').format(
            left, top, right - left, bottom - top
        ),
        _label(frame.label_y, 14, (bottom + top) / 2, turned=' transform="rotate(-90 14 {:.1f})"'),
        *_ticks_y(frame),
        *_ticks_x(frame),
    ]
    if frame.label_x:
        parts.append(_label(frame.label_x, (left + right) / 2, bottom + 36, turned=""))
    if frame.y.low < 0 < frame.y.high:
        parts.append(
            Markup('<path class="zero" d="M{:.1f} {:.1f}H{:.1f}"/>').format(
                left, float(frame.y(0.0)), right
            )
        )
    return Markup("").join(parts)


def _label(text: str, x: float, y: float, *, turned: str) -> Markup:
    turn = Markup(turned.format(y))
    return Markup('<text class="label" x="{:.1f}" y="{:.1f}"{}>{}</text>').format(x, y, turn, text)


def _ticks_x(frame: Frame) -> list[Markup]:
    ticks = ticks_of(frame.x, 6)
    bottom = frame.y.start
    lines = Markup("").join(
        Markup("M{:.1f} {:.1f}v{:.0f}").format(float(frame.x(each)), bottom, TICK_LENGTH)
        for each in ticks
    )
    drawn = [Markup('<path class="tick" d="{}"/>').format(lines)]
    if frame.label_x:
        drawn += [
            Markup('<text class="x" x="{:.1f}" y="{:.1f}">{}</text>').format(
                float(frame.x(each)), bottom + 18, text
            )
            for each, text in zip(ticks, tick_labels(ticks), strict=True)
        ]
    return drawn


def _ticks_y(frame: Frame) -> list[Markup]:
    ticks = ticks_of(frame.y, 6)
    left = frame.x.start
    lines = Markup("").join(
        Markup("M{:.1f} {:.1f}h-{:.0f}").format(left, float(frame.y(each)), TICK_LENGTH)
        for each in ticks
    )
    return [
        Markup('<path class="tick" d="{}"/>').format(lines),
        *(
            Markup('<text class="y" x="{:.1f}" y="{:.1f}">{}</text>').format(
                left - 8, float(frame.y(each)) + 4, text
            )
            for each, text in zip(ticks, tick_labels(ticks), strict=True)
        ),
    ]
