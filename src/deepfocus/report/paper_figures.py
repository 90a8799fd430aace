"""The paper's Figures 2, 3, 16, 21 and 22 from the results on one set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from deepfocus.evaluation.assessment import Assessment
from deepfocus.evaluation.figure_values import FAINT_SNR, FAR_OFF, AngleErrors, FluxErrors
from deepfocus.evaluation.text_table import percent
from deepfocus.report.completeness_figure import plain_ticks
from deepfocus.report.figures import blank_figure
from deepfocus.report.finder_colours import FAINT_LINE, TRUE, styles_of
from deepfocus.report.panels import draw_nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, RED, GREY = "#1f5fa8", "#e08e0b", "#1b9e4b", "#d7263d", "#8a929b"
BINS = 24
ACROSS = 2
"""Panels of finders beside each other."""
LEAST_ERROR, MOST_ERROR = 1e-3, 10.0
"""Relative errors that the figures show; what is beyond stands at the edge."""


def figure_2(assessment: Assessment) -> Figure:
    """Distributions of signal-to-noise, brightness, continuum and angle of the true sources."""
    true = assessment.population
    figure = blank_figure(width=11.0, height=7.6)
    figure.suptitle(f"{assessment.name}: {len(true.x)} true sources", fontsize=13)
    (snrs, fluxes), (continua, angles) = figure.subplots(2, 2)
    _histogram(snrs, true.snr_peak, "peak SNR of the line in one channel", logarithmic=True)
    _histogram(fluxes, true.line_flux, "line flux (Jy km/s)", logarithmic=True)
    _histogram(continua, true.continuum, "continuum at the line (mJy)", logarithmic=True)
    _histogram(angles, true.angle, "projection angle, clockwise (deg)")
    return figure


def figure_3(assessment: Assessment) -> Figure:
    """FWHMs along the three axes of the cube, and positions in the image."""
    true = assessment.population
    figure = blank_figure(width=11.0, height=4.8)
    figure.suptitle(f"{assessment.name}: {len(true.x)} true sources", fontsize=13)
    widths, places = figure.subplots(1, 2)
    extents = {"x (px)": true.fwhm_x, "y (px)": true.fwhm_y, "z (channels)": true.fwhm_z}
    ends = _ends(np.concatenate(list(extents.values())))
    for (name, values), colour in zip(extents.items(), (BLUE, ORANGE, GREEN), strict=True):
        _steps(widths, values, np.linspace(*ends, BINS + 1), colour, name)
    widths.set_xlabel("FWHM")
    widths.set_ylabel("share of sources")
    widths.legend(frameon=False, fontsize=9)
    places.plot(true.x, true.y, ".", color=BLUE, ms=5, alpha=0.6)
    places.set_xlabel("x (px)")
    places.set_ylabel("y (px)")
    places.set_aspect("equal")
    places.grid(color=FAINT_LINE, linewidth=0.5)
    return figure


def figure_16(assessment: Assessment) -> Figure:
    """Fluxes, and cumulative blendness, of what each finder detects and of all true sources."""
    figure = blank_figure(width=12.0, height=4.8)
    figure.suptitle(f"{assessment.name}: what is detected", fontsize=13)
    left, right = figure.subplots(1, 2)
    every = next(iter(assessment.finders.values())).detected
    shines = every.line_flux > 0  # not absorption, nor what the truth does not say
    edges = np.geomspace(*_ends(every.line_flux[shines]), BINS + 1).tolist()
    label = f"all ({len(every.found)})"
    left.hist(every.line_flux[shines], bins=edges, color="#e3e6ea", label=label)
    _cumulative(right, every.blendness, "#c9ced6", "all", width=4.0)
    for label, (colour, _) in styles_of(assessment.finders).items():
        each = assessment.finders[label].detected
        fluxes, blends = each.line_flux[each.found & shines], each.blendness[each.found]
        left.hist(fluxes, bins=edges, histtype="step", color=colour, linewidth=1.5,
                  label=f"{label} ({np.sum(each.found)})")  # fmt: skip
        _cumulative(right, blends, colour, label)
    left.set_xscale("log")
    plain_ticks(left)
    left.set_xlabel("true line flux (Jy km/s)")
    left.set_ylabel("sources")
    right.set_xlabel("blendness at most (Eq 22)")
    right.set_ylabel("sources")
    right.set_ylim(bottom=0)
    right.set_xlim(-0.02, 1.1 * max(0.1, float(every.blendness.max(initial=0.0))))
    for axes in (left, right):
        axes.legend(frameon=False, fontsize=9)
        axes.grid(color=FAINT_LINE, linewidth=0.5)
    return figure


def figure_21(assessment: Assessment) -> Figure:
    """Signal-to-noise against the relative error of the flux, a panel for each finder."""
    figure, panels = _panel_each(assessment)
    for axes, (label, each) in zip(panels, assessment.finders.items(), strict=False):
        _draw_flux_errors(axes, each.flux_errors)
        axes.set_title(f"{label}, {len(each.flux_errors.snr)} sources", fontsize=11)
    return figure


def figure_22(assessment: Assessment) -> Figure:
    """Relative error of the angle against the eccentricity, a panel for each finder."""
    figure, panels = _panel_each(assessment)
    for axes, (label, each) in zip(panels, assessment.finders.items(), strict=False):
        _draw_angle_errors(axes, each.angle_errors)
        axes.set_title(f"{label}, {len(each.angle_errors.relative)} sources", fontsize=11)
    return figure


def _panel_each(assessment: Assessment) -> tuple[Figure, Sequence[Axes]]:
    rows = -(-len(assessment.finders) // ACROSS)
    figure = blank_figure(width=13.0, height=4.4 * rows)
    figure.suptitle(f"{assessment.name}: matched sources", fontsize=13)
    panels = figure.subplots(rows, ACROSS, squeeze=False).ravel()
    for axes in panels[len(assessment.finders) :]:
        axes.set_axis_off()
    return figure, list(panels)


def _draw_flux_errors(axes: Axes, errors: FluxErrors) -> None:
    if not len(errors.snr):
        draw_nothing(axes, "no flux was measured")
        return
    reach = max(0.5, min(2.0, 1.2 * float(np.quantile(np.abs(errors.relative), 0.98))))
    axes.plot(errors.snr, np.clip(errors.relative, -reach, reach), ".", color=BLUE, ms=6, alpha=0.7)
    axes.axhline(0.0, color=TRUE, linewidth=0.8)
    for section in errors.sections:
        if section.low > 0:
            axes.axvline(section.low, color=RED, linewidth=0.9, linestyle="--")
        ends = f"{section.low:g} to {section.high:g}" if np.isfinite(section.high) else (
            f"above {section.low:g}")  # fmt: skip
        axes.plot([], [], " ", label=f"{ends}: std {section.std:.2g} ({section.n})")
    axes.set_xscale("log")
    plain_ticks(axes)
    axes.set_ylim(-1.05 * reach, 1.05 * reach)
    axes.set_xlabel("true peak SNR in one channel")
    axes.set_ylabel("(true - measured) / true flux")
    axes.legend(fontsize=8, loc="upper right", handlelength=0, framealpha=0.85)


def _draw_angle_errors(axes: Axes, errors: AngleErrors) -> None:
    if not len(errors.relative):
        draw_nothing(axes, "no angle was measured")
        return
    shown = np.clip(errors.relative, LEAST_ERROR, MOST_ERROR)
    plain = ~(errors.round | errors.faint)
    for which, colour, size, name in (
        (plain, GREY, 5.0, "others"),
        (errors.round, ORANGE, 8.0, "nearly round"),
        (errors.faint, RED, 4.0, f"peak SNR < {FAINT_SNR:g}"),
    ):
        share = percent(errors.share_of_far_off(which))
        label = f"{name}: {share} of those above {percent(FAR_OFF)}"
        axes.plot(shown[which], errors.eccentricity[which], ".", color=colour, ms=2 * size,
                  mew=0, alpha=0.8, label=label)  # fmt: skip
    axes.axvline(FAR_OFF, color=TRUE, linewidth=0.9, linestyle="--")
    axes.axhline(1.0, color=FAINT_LINE, linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.set_xlim(0.8 * LEAST_ERROR, 1.25 * MOST_ERROR)
    # headroom for the legend
    axes.set_ylim(0, 1.45 * float(errors.eccentricity.max()))
    axes.set_xlabel("|true - measured| / true angle")
    axes.set_ylabel("true FWHM x / FWHM y")
    axes.legend(fontsize=8, loc="upper left", framealpha=0.85)


def _histogram(axes: Axes, values: np.ndarray, name: str, *, logarithmic: bool = False) -> None:
    axes.set_xlabel(name)
    told = values[np.isfinite(values) & ((values > 0) | (not logarithmic))]
    if not len(told):
        draw_nothing(axes, "the truth does not say it")
        return
    low, high = _ends(told)
    spread = np.geomspace if logarithmic else np.linspace
    _steps(axes, told, spread(low, high, BINS + 1), BLUE, "")
    text = f"{np.mean(told):.3g} $\\pm$ {np.std(told):.2g}"
    axes.text(0.97, 0.95, text, transform=axes.transAxes, ha="right", va="top")
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])
    axes.set_ylabel("share of sources")
    if logarithmic:
        axes.set_xscale("log")
        plain_ticks(axes)


def _steps(axes: Axes, values: np.ndarray, edges: np.ndarray, colour: str, name: str) -> None:
    bins = edges.tolist()
    told = values[np.isfinite(values)]
    weights = np.full(len(told), 1 / max(len(told), 1))
    axes.hist(told, bins=bins, weights=weights, histtype="stepfilled", color=colour, alpha=0.25)
    axes.hist(told, bins=bins, weights=weights, histtype="step", color=colour, label=name)


def _cumulative(
    axes: Axes, values: np.ndarray, colour: str, name: str, *, width: float = 1.5
) -> None:
    ordered = np.sort(values)
    at = np.concatenate([[0.0], ordered, [1.0]])
    count = np.concatenate([[0], np.arange(1, len(ordered) + 1), [len(ordered)]])
    highest = f", up to {ordered[-1]:.2g}" if len(ordered) else ""
    axes.step(at, count, where="post", color=colour, linewidth=width, label=f"{name}{highest}")


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Between which a histogram lies; wider than nothing."""
    told = values[np.isfinite(values)]
    if not len(told):
        return 0.5, 1.5
    low, high = float(told.min()), float(told.max())
    return (low, high) if high > low else (0.9 * low - 1e-9, 1.1 * high + 1e-9)
