"""Completeness and flux recovery in words and tables, for a terminal and for a page."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import numbered
from deepfocus.evaluation.completeness import (
    QUANTITIES,
    Curve,
    binned,
    flux_pulls,
    recovered,
)
from deepfocus.evaluation.text_table import interval, number, percent, text_table
from deepfocus.evaluation.trials import Trials

SHARES = (0.5, 0.9)
"""Completeness that is told as a signal-to-noise."""


def completeness_text(trials: Trials, curve: Curve) -> str:
    """What share is found, from which signal-to-noise on, and with what flux."""
    blocks = [
        f"{trials.found.sum()} of {numbered(len(trials), 'injected source')} found. "
        + _limits(curve)
    ]
    for quantity, (words, unit) in QUANTITIES.items():
        header = (f"{words} ({unit})" if unit else words, "injected", "completeness")
        rows = [
            [
                f"{each.low:.3g} to {each.high:.3g}",
                str(each.counts.n_true),
                interval(each.counts.recall, each.counts.recall_interval()),
            ]
            for each in binned(trials, quantity)
        ]
        blocks.append(text_table(header, rows))
    blocks += _fluxes(trials)
    return "\n\n".join(blocks)


def _limits(curve: Curve) -> str:
    """At which signal-to-noise half and nine tenths are found, of middling sizes and widths."""
    snr = np.exp(np.linspace(*curve.ranges[0], 400))
    share = curve.at_snr(snr)
    told = [
        f"{percent(least)} from a signal-to-noise of {snr[np.argmax(share >= least)]:.1f} on"
        for least in SHARES
        if share[-1] >= least > share[0]
    ]
    if not told:
        return f"Of the brightest, {percent(float(share[-1]))}."
    return f"Of middling size and width: {', '.join(told)}; {percent(float(share[-1]))} at most."


def _fluxes(trials: Trials) -> list[str]:
    """Measured over injected flux."""
    bins = recovered(trials)
    if not bins:
        return []
    header = (
        "signal-to-noise of the line",
        "found",
        "median ratio",
        "16 to 84 %",
        "within the error",
    )
    rows = [
        [
            f"{each.low:.3g} to {each.high:.3g}",
            str(each.found),
            number(each.median, digits=2),
            f"{each.low_share:.2f} to {each.high_share:.2f}",
            percent(each.within),
        ]
        for each in bins
    ]
    pulls = flux_pulls(trials)
    table = text_table(header, rows)
    if not pulls.n:
        return ["Measured over injected line flux:", table]
    return [
        "Measured over injected line flux:",
        table,
        f"{percent(pulls.coverage)} of {pulls.n} errors hold the injected flux (68 % wanted).",
    ]
