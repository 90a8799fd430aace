"""The figure of `deepfocus fidelity`: peaks above and below zero, and the fidelity of sources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from deepfocus.core.catalogue import Catalogue, numbered
from deepfocus.evaluation.fidelity import SideBySide
from deepfocus.finders.negative_peaks import Fidelity
from deepfocus.report.figures import blank_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLUE, RED, GREY = "#1f5fa8", "#b3372b", "#777777"
LEAST = 0.03
"""Peaks that the figure shows."""


def fidelity_figure(
    found: Catalogue, fidelity: Fidelity, counts: SideBySide, path: Path, *, title: str
) -> Path:
    """Counts of both signs, and the fidelity by signal-to-noise and width; return `path`."""
    figure = blank_figure(width=11.0, height=4.6)
    figure.suptitle(title, fontsize=12)
    left, right = figure.subplots(1, 2)
    _draw_counts(left, counts)
    _draw_curves(right, fidelity)
    _draw_sources(right, found.accepted)
    return save_figure(figure, path)


def _draw_counts(axes: Axes, counts: SideBySide) -> None:
    axes.step(counts.snr, counts.up, where="post", color=BLUE, label="positive, sources too")
    axes.step(counts.snr, counts.down, where="post", color=RED, label="negative")
    low, high = (counts.fitted + sign * counts.fitted_err for sign in (-1, 1))
    axes.fill_between(counts.snr, np.maximum(low, LEAST), high, color=RED, alpha=0.2, linewidth=0)
    axes.plot(counts.snr, counts.fitted, color=RED, linewidth=0.8, label="negative, fitted")
    axes.plot(counts.snr, counts.expected, "--", color=GREY, label="noise, expected")
    axes.set_yscale("log")
    axes.set_ylim(LEAST, 2 * max(float(counts.up[0]), float(counts.down[0]), 1.0))
    axes.set_xlabel("signal-to-noise")
    axes.set_ylabel("peaks above it")
    axes.legend(frameon=False, fontsize=8)


def _draw_curves(axes: Axes, fidelity: Fidelity) -> None:
    counts = fidelity.counts
    snr = np.linspace(counts.lowest, max(2 * counts.lowest, 10.0), 200)
    for width in np.unique(counts.down_width).tolist():
        share, _ = fidelity.of(snr, np.full(len(snr), width))
        label = numbered(round(counts.widths_chan[width]), "channel")
        axes.plot(snr, share, linewidth=1, label=label)
    axes.set_xlim(snr[0], snr[-1])
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("signal-to-noise")
    axes.set_ylabel("fidelity")


def _draw_sources(axes: Axes, sources: Catalogue) -> None:
    """Brighter ones than the axis holds stand at its end."""
    if len(sources):
        snr = np.minimum(sources["snr_focused"], axes.get_xlim()[1])
        axes.errorbar(
            snr,
            sources["fidelity"],
            yerr=sources["fidelity_err"],
            fmt="o",
            color="black",
            markersize=4,
            linewidth=0.8,
            label="accepted sources",
        )
    axes.legend(fontsize=8, loc="lower right", framealpha=0.8)
