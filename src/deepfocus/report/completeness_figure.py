"""The figure of `deepfocus completeness`: what share is found, and with what flux."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepfocus.evaluation.completeness import QUANTITIES, Curve, Recovery, binned, recovered
from deepfocus.evaluation.score import Bin
from deepfocus.evaluation.trials import Trials
from deepfocus.report.figures import blank_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, GREY = "#1f5fa8", "#777777"
LOGARITHMIC = frozenset({"line_snr", "line_flux"})
LEAST, MOST = 0.05, 20.0
"""Measured over true flux that the figure shows."""


def completeness_figure(trials: Trials, curve: Curve, path: Path, *, title: str) -> Path:
    """Completeness by each quantity, and flux recovery; return `path`."""
    figure = blank_figure(width=13.0, height=7.6)
    figure.suptitle(title, fontsize=12)
    *shares, fluxes = figure.subplots(2, 3).ravel()
    for axes, quantity in zip(shares, QUANTITIES, strict=True):
        _draw_share(axes, binned(trials, quantity), quantity)
    _draw_curve(shares[0], curve)
    _draw_fluxes(fluxes, trials, recovered(trials))
    return save_figure(figure, path)


def _draw_share(axes: Axes, bins: Sequence[Bin], quantity: str) -> None:
    words, unit = QUANTITIES[quantity]
    logarithmic = quantity in LOGARITHMIC
    low, high = (np.array([getattr(each, end) for each in bins]) for end in ("low", "high"))
    middle = np.sqrt(low * high) if logarithmic else (low + high) / 2
    share = np.array([each.counts.recall for each in bins])
    below, above = np.array([each.counts.recall_interval() for each in bins]).T
    axes.errorbar(
        middle,
        share,
        xerr=(middle - low, high - middle),
        yerr=(share - below, above - share),
        fmt="o",
        color=BLUE,
        markersize=4,
        linewidth=1,
    )
    if logarithmic:
        axes.set_xscale("log")
        plain_ticks(axes)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel(f"{words} ({unit})" if unit else words)
    axes.set_ylabel("completeness")
    axes.grid(color="#dddddd", linewidth=0.5)


def _draw_curve(axes: Axes, curve: Curve) -> None:
    snr = np.exp(np.linspace(*curve.ranges[0], 200))
    label = "for the middle size and width"
    axes.plot(snr, curve.at_snr(snr), color=GREY, linewidth=1.2, label=label)
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _draw_fluxes(axes: Axes, trials: Trials, bins: Sequence[Recovery]) -> None:
    ratio = trials.measured["line_flux"] / trials.truth["line_flux"]
    told = trials.alone & np.isfinite(ratio)
    axes.plot(
        trials.line_snr[told],
        np.clip(ratio[told], LEAST, MOST),
        ".",
        color=GREY,
        markersize=3,
        alpha=0.6,
    )
    for each in bins:
        middle = float(np.sqrt(each.low * each.high))
        errors = [[each.median - each.low_share], [each.high_share - each.median]]
        axes.errorbar(middle, each.median, yerr=errors, fmt="o", color=BLUE, markersize=4)
    axes.axhline(1.0, color="black", linewidth=0.8)
    for scale in (axes.set_xscale, axes.set_yscale):
        scale("log")
    plain_ticks(axes)
    axes.set_xlabel(QUANTITIES["line_snr"][0])
    axes.set_ylabel("measured over injected line flux")
    axes.grid(color="#dddddd", linewidth=0.5)


def plain_ticks(axes: Axes, digits: Sequence[float] = (1.0, 2.0, 5.0)) -> None:
    """Numbers as they are written, on the axes that are logarithmic. digits : first ones shown"""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    for axis, scale in ((axes.xaxis, axes.get_xscale()), (axes.yaxis, axes.get_yscale())):
        if scale == "log":
            axis.set_major_locator(LogLocator(subs=digits))
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
            axis.set_minor_formatter(NullFormatter())
