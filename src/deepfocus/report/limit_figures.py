"""Figures beyond the paper: completeness, errors against limits, stated errors, probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfocus.evaluation.assessment import Assessment, FinderResults
from deepfocus.evaluation.limits import MEASURED
from deepfocus.report.completeness_figure import plain_ticks
from deepfocus.report.figures import blank_figure
from deepfocus.report.finder_colours import FAINT_LINE, TRUE, styles_of
from deepfocus.report.panels import draw_nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

REACH_SIGMA = 5.0
"""Of the histograms of pulls; what is beyond is counted in the outermost bars."""
LEAST_RATIO, MOST_RATIO = 1e-2, 1e4
"""Errors over bounds that the figure shows."""
OUTSIDE: Mapping[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}
"""Where a legend hides nothing."""
OPEN_END = 2.0
"""How far the last bin of completeness reaches, over its beginning."""

SHADES = ("#f2b6a0", "#f6d28b", "#c9b6e4", "#a9c9e8", "#e4a5b8")
"""Of the steps at which sources are lost."""
Values = Mapping[str, np.ndarray]


def completeness_by_ideal_snr(assessment: Assessment) -> Figure:
    """Share found against the ideal observer's signal-to-noise ratio, with Wilson intervals."""
    figure = blank_figure(width=9.5, height=5.0)
    axes = figure.subplots()
    styles = styles_of(assessment.finders)
    for i, (label, each) in enumerate(assessment.finders.items()):
        bins = [bin_ for bin_ in each.standing.score.by_ideal_snr if bin_.counts.n_true]
        if not bins:
            continue
        low = np.array([bin_.low for bin_ in bins])
        high = np.array([bin_.high for bin_ in bins])
        high = np.where(np.isfinite(high), high, OPEN_END * low)
        low = np.maximum(low, high / OPEN_END)
        # beside each other, so that no bar hides another
        middle = np.sqrt(low * high) * 1.03 ** (i - (len(assessment.finders) - 1) / 2)
        share = np.array([bin_.counts.recall for bin_ in bins])
        below, above = np.array([bin_.counts.recall_interval() for bin_ in bins]).T
        colour, mark = styles[label]
        axes.errorbar(middle, share, yerr=(share - below, above - share), fmt=f"{mark}-",
                      color=colour, markersize=5, linewidth=1, capsize=2, label=label)  # fmt: skip
    if not axes.containers:
        draw_nothing(axes, "the truth does not have the ideal signal-to-noise")
        return figure
    axes.set_xscale("log")
    plain_ticks(axes, (1.0, 2.0, 3.0, 5.0, 7.0))
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("signal-to-noise of an ideal observer")
    axes.set_ylabel("completeness")
    axes.set_title(f"{assessment.name}: {assessment.true} true sources", fontsize=12)
    axes.grid(color=FAINT_LINE, linewidth=0.5)
    axes.legend(frameon=False, fontsize=9, **OUTSIDE)
    return figure


def errors_in_bounds(assessment: Assessment) -> Figure:
    """Cumulative |error| / Cramer-Rao bound of each parameter, beside the best that can be."""
    return _panel_each_parameter(
        assessment,
        lambda each: each.bound_ratios,
        _draw_ratios,
        title="errors in units of the Cramer-Rao bound; dashed: the best that can be",
    )


def pulls(assessment: Assessment) -> Figure:
    """Histograms of errors over stated errors, beside the normal distribution."""
    return _panel_each_parameter(
        assessment,
        lambda each: each.pulls,
        _draw_pulls,
        title="errors in units of those stated; dashed: honest errors",
    )


def reliability_diagram(assessment: Assessment) -> Figure:
    """Share that is true against the stated probability, with Wilson intervals."""
    figure = blank_figure(width=9.5, height=5.6)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "--", color=TRUE, linewidth=0.9, label="as stated")
    for label, (colour, mark) in styles_of(assessment.finders).items():
        each = assessment.finders[label].reliability
        bins = [bin_ for bin_ in each.bins if bin_.n]
        if not bins:
            continue
        stated = np.array([bin_.mean for bin_ in bins])
        share = np.array([bin_.share for bin_ in bins])
        below, above = np.array([bin_.share_interval for bin_ in bins]).T
        name = f"{label}: {each.true} of {each.n} true, {each.expected:.1f} expected"
        axes.errorbar(stated, share, yerr=(share - below, above - share), fmt=f"{mark}-",
                      color=colour, markersize=6, linewidth=1, capsize=3, label=name)  # fmt: skip
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_aspect("equal")
    axes.set_xlabel("stated probability")
    axes.set_ylabel("share that is true")
    axes.set_title(assessment.name, fontsize=12)
    axes.grid(color=FAINT_LINE, linewidth=0.5)
    axes.legend(frameon=False, fontsize=9, **OUTSIDE)
    return figure


def losses(assessment: Assessment) -> Figure:
    """How many sources each finder lost at which step."""
    labels = list(assessment.finders)
    figure = blank_figure(width=10.0, height=1.2 + 0.75 * len(labels))
    axes = figure.subplots()
    total = assessment.true
    for i, label in enumerate(labels):
        results = assessment.finders[label]
        found = results.standing.score.one_to_one.tp
        axes.barh(i, found, color="#cfe3d4")
        start = found
        for k, (step, lost) in enumerate(results.lost_at.items()):
            axes.barh(i, lost, left=start, color=SHADES[k % len(SHADES)], edgecolor="white")
            if lost > 0.08 * total:
                axes.text(start + lost / 2, i, f"{step}\n{lost}", ha="center", va="center",
                          fontsize=8)  # fmt: skip
            elif lost:
                axes.annotate(f"{step} {lost}", (start + lost / 2, i - 0.4), (0, 2 + 9 * (k % 2)),
                              textcoords="offset points", ha="right", va="bottom",
                              fontsize=7)  # fmt: skip
            start += lost
    tallies = (each.standing.score.one_to_one for each in assessment.finders.values())
    names = [f"{label}\n{each.tp} found" for label, each in zip(labels, tallies, strict=True)]
    axes.set_yticks(range(len(labels)), names)
    axes.set_ylim(len(labels) - 0.4, -0.75)
    axes.set_xlim(0, max(total, 1))
    axes.set_xlabel("true sources: found, and lost at which step")
    axes.set_title(f"{assessment.name}: {total} true sources", fontsize=12)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure


def _panel_each_parameter(
    assessment: Assessment,
    values: Callable[[FinderResults], Values],
    draw: Callable[[Axes, Values], None],
    *,
    title: str,
) -> Figure:
    """draw : gets the values of one parameter by finder"""
    figure = blank_figure(width=14.0, height=7.2)
    figure.suptitle(f"{assessment.name}: {title}", fontsize=13)
    panels = figure.subplots(2, 4).ravel()
    for axes, name in zip(panels, MEASURED, strict=True):
        by_finder = {label: values(each)[name] for label, each in assessment.finders.items()}
        axes.set_title(name, fontsize=11)
        if any(len(each) for each in by_finder.values()):
            draw(axes, by_finder)
        else:
            draw_nothing(axes, "not known")
    return figure


def _draw_ratios(axes: Axes, by_finder: Values) -> None:
    for label, (colour, _) in styles_of(by_finder).items():
        ratio = np.sort(np.abs(by_finder[label]))
        if len(ratio):
            share = np.arange(len(ratio) + 1) / len(ratio)
            ratio = np.concatenate([ratio[:1], ratio])
            axes.step(ratio, share, where="post", color=colour, linewidth=1.5, label=label)
    at = np.geomspace(LEAST_RATIO, MOST_RATIO, 200)
    axes.plot(at, _within(at), "--", color=TRUE, linewidth=1)
    axes.set_xscale("log")
    axes.set_xlim(LEAST_RATIO, max(10.0, min(MOST_RATIO, _largest(by_finder))))
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("|error| / bound")
    axes.set_ylabel("share of matched sources")
    axes.grid(color=FAINT_LINE, linewidth=0.5)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _draw_pulls(axes: Axes, by_finder: Values) -> None:
    edges = np.linspace(-REACH_SIGMA, REACH_SIGMA, 31).tolist()
    for label, (colour, _) in styles_of(by_finder).items():
        values = by_finder[label]
        if len(values):
            inside = np.clip(values, -REACH_SIGMA, REACH_SIGMA)
            axes.hist(inside, bins=edges, density=True, histtype="step", color=colour,
                      linewidth=1.4, label=f"{label} ({len(values)})")  # fmt: skip
    at = np.linspace(-REACH_SIGMA, REACH_SIGMA, 200)
    axes.plot(at, np.exp(-0.5 * at**2) / np.sqrt(2 * np.pi), "--", color=TRUE, linewidth=1)
    axes.set_xlabel("(measured - true) / stated error")
    axes.set_ylim(0, 1.35 * axes.get_ylim()[1])
    axes.legend(frameon=False, fontsize=8, loc="upper right")


def _within(sigma: np.ndarray) -> np.ndarray:
    """Share of a normal distribution within so many standard deviations."""
    from scipy.special import erf

    share: np.ndarray = erf(sigma / np.sqrt(2))
    return share


def _largest(by_finder: Values) -> float:
    return 1.2 * max(float(np.abs(each).max(initial=0.0)) for each in by_finder.values())
