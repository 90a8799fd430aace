"""Moments 0 to 2 of a source as pictures, and its position-velocity cut with axes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from deepfocus.core.grid import Grid
from deepfocus.ops.outlines import Outline
from deepfocus.ops.source_cutouts import Cutout
from deepfocus.report.cutout import Picture, drawn_over
from deepfocus.report.inline_png import coloured_png
from deepfocus.report.panels import stretch
from deepfocus.report.spectral_axis import SpectralAxis, spectral_axis
from deepfocus.report.svg_axes import Frame, Scale, draw_frame
from deepfocus.report.svg_curves import drawing
from deepfocus.report.svg_spectrum import Plot

FEWEST = 4
"""Pixels with a mean velocity: fewer make no map."""
MIDDLE = 95.0
"""Percent of the pixels between the limits of a map."""
AROUND_LINE = 1.0
"""Of the width of what is summed, on either side of it: the channels of a cut."""
FEWEST_CHANNELS = 8
WIDTH, LEFT, RIGHT = 680.0, 84.0, 668.0
TOP, BOTTOM, BELOW = 8.0, 260.0, 44.0


@dataclass(frozen=True)
class Maps:
    """moments : 0 to 2, or the first alone; cut : by position and velocity, or None"""

    moments: tuple[Picture, ...]
    cut: Plot | None


NO_MAPS = Maps((), None)


def maps_of(
    cutout: Cutout, *, source: Outline | None, beam: Outline | None, pixel_aspect: float
) -> Maps:
    """All that is drawn of a source. pixel_aspect : height of a pixel over its width"""
    return Maps(
        moments=tuple(
            _picture(each, cutout, source=source, beam=beam, pixel_aspect=pixel_aspect)
            for each in _moments(cutout)
        ),
        cut=_cut(cutout),
    )


@dataclass(frozen=True)
class _Moment:
    """An image (y, x), and how it is drawn. colours : of matplotlib"""

    title: str
    image: np.ndarray
    unit: str
    colours: str
    limits: tuple[float, float]


def _picture(
    moment: _Moment,
    cutout: Cutout,
    *,
    source: Outline | None,
    beam: Outline | None,
    pixel_aspect: float,
) -> Picture:
    ny, nx = moment.image.shape
    low, high = moment.limits
    levels = f"{low:.4g} to {high:.4g} {moment.unit}"
    return Picture(
        png=coloured_png(moment.image, moment.limits, moment.colours),
        over=drawn_over(moment.image.shape, (cutout.y0, cutout.x0), source, beam),
        caption=f"{moment.title}; {ENDS[moment.colours]}: {levels}",
        says=f"{moment.title} of source {cutout.source_id}, {nx} x {ny} pixels, {levels}",
        aspect=nx / (ny * pixel_aspect),
    )


ENDS = {"gray": "black to white", "coolwarm": "blue to red", "viridis": "violet to yellow"}
"""What the colours are called, lowest to highest."""


def _moments(cutout: Cutout) -> Iterator[_Moment]:
    """The first alone of a source with too few pixels that stand out."""
    moments = cutout.moments
    unit = f"{cutout.cube.unit} km/s"
    yield _Moment("Moment 0", moments.total, unit, "gray", stretch(moments.total))
    if np.count_nonzero(np.isfinite(moments.velocity)) < FEWEST:
        return
    velocity, spread = moments.velocity, moments.dispersion
    yield _Moment("Moment 1, velocity", velocity, "km/s", "coolwarm", _limits(velocity))
    yield _Moment("Moment 2, dispersion", spread, "km/s", "viridis", _limits(spread))


def _limits(image: np.ndarray) -> tuple[float, float]:
    """That hold most of the pixels, apart from each other."""
    cut = (100.0 - MIDDLE) / 2
    low, high = np.percentile(image[np.isfinite(image)], [cut, 100.0 - cut])
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def _cut(cutout: Cutout) -> Plot | None:
    """Offset to the right, channels upwards; None in a cube of one channel or without any value."""
    shown = _channels(cutout)
    values = cutout.cut.values[shown]
    if len(values) < 2 or not np.isfinite(values).any():
        return None
    axis_of_all = _axis(cutout.cube.grid)
    axis = axis_of_all.within(shown)
    if axis.places[0] > axis.places[-1]:
        values, axis = values[::-1], SpectralAxis(axis.places[::-1], axis.label)
    levels = stretch(values)
    frame = _frame(cutout, values.shape[1], axis)
    caption = _caption(cutout, levels)
    drawn = _image(frame, coloured_png(values, levels, "gray"))
    drawn += _outline(cutout, frame, axis_of_all) + draw_frame(frame)
    says = f"Cut through source {cutout.source_id}. {caption}"
    return Plot(drawing(drawn, width=WIDTH, height=BOTTOM + BELOW, says=says), caption)


def _channels(cutout: Cutout) -> slice:
    """Of the line and around it."""
    line, number = cutout.channels, len(cutout.cut.values)
    width = line.stop - line.start
    more = max(round(AROUND_LINE * width), (FEWEST_CHANNELS - width) // 2)
    return slice(max(line.start - more, 0), min(line.stop + more, number))


def _axis(grid: Grid) -> SpectralAxis:
    """Velocity, where there is one."""
    places = np.asarray(grid.velocity_kms(np.arange(len(grid.freq_hz))), float)
    if not np.isfinite(places).all():
        return spectral_axis(grid)
    return SpectralAxis(places, f"Velocity, {grid.specsys} (km/s)")


def _frame(cutout: Cutout, places: int, axis: SpectralAxis) -> Frame:
    """Whole pixels and channels, up to the outer edges of the last."""
    end = places / 2 * cutout.cut.step_arcsec
    half = 0.5 * (axis.places[-1] - axis.places[0]) / (len(axis.places) - 1)
    upright = Scale(axis.places[0] - half, axis.places[-1] + half, BOTTOM, TOP)
    towards = f"Offset (arcsec) towards position angle {cutout.cut.pa_deg:.0f} deg"
    return Frame(Scale(-end, end, LEFT, RIGHT), upright, towards, axis.label)


def _image(frame: Frame, png: str) -> Markup:
    return Markup(
        '<image x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" href="{}" '
        'preserveAspectRatio="none"/>'
    ).format(
        frame.x.start, frame.y.stop, frame.x.stop - frame.x.start, frame.y.start - frame.y.stop, png
    )


def _outline(cutout: Cutout, frame: Frame, axis: SpectralAxis) -> Markup:
    """The source's FWHM, in place and velocity."""
    places, channels = cutout.cut.outline.T
    offsets = (places - cutout.cut.values.shape[1] // 2) * cutout.cut.step_arcsec
    upright = frame.y(np.array([axis.at(each) for each in channels]))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(frame.x(offsets), upright, strict=True))
    return Markup('<polygon class="source" points="{}"/>').format(points)


def _caption(cutout: Cutout, levels: tuple[float, float]) -> str:
    low, high = levels
    along = "its velocity gradient" if cutout.cut.along_gradient else "its longer axis"
    return (
        f"Position-velocity cut along {along}, as wide as the beam, without continuum. Outlined: "
        f"its FWHM. Black to white: {low:.2g} to {high:.2g} {cutout.cube.unit}."
    )
