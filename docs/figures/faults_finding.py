"""Draws what faults do to finding: `python docs/figures/faults_finding.py RECORDS/rows.jsonl`.

The rows are those that benchmarks/faults_finding.py writes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

IMAGES = Path(__file__).parents[1] / "images"
STYLE = {"font.size": 9, "axes.titlesize": 9, "figure.dpi": 110}
COLOURS = {"weak": "#9ecae1", "moderate": "#4292c6", "strong": "#08306b"}
APART = 0.22
"""Of a line, between strengths."""
PANELS = (
    ("flux_changed", "flux over that without the fault", 1.0),
    ("completeness_more", "change of the share found", 0.0),
    ("false_more", "more false sources a cube", 0.0),
)
"""Of a row: value and interval; what it is; where nothing has changed."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--finder", default="deepfocus")
    parser.add_argument("--out", type=Path, default=IMAGES)
    asked = parser.parse_args()
    every = [json.loads(line) for line in asked.rows.read_text().splitlines()]
    rows = [row for row in every if row["finder"] == asked.finder and row["grade"]]
    faults = list(dict.fromkeys(row["fault"] for row in rows))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(9, 4.2), sharey=True, layout="constrained")
        for axis, (name, what, unchanged) in zip(axes, PANELS, strict=True):
            draw(axis, rows, faults, name)
            axis.axvline(unchanged, color="0.6", lw=0.8, zorder=0)
            axis.set_xlabel(what)
        axes[0].set_yticks(range(len(faults)), faults)
        axes[0].invert_yaxis()
        axes[2].legend(frameon=False, loc="best")
        figure.savefig(asked.out / "faults-finding.png")


def draw(axis: Axes, rows: Sequence[dict[str, Any]], faults: Sequence[str], name: str) -> None:
    """A dot with its interval for each fault and strength."""
    for number, (grade, colour) in enumerate(COLOURS.items()):
        those = [row for row in rows if row["grade"] == grade]
        value, low, high = np.array([row[name] for row in those], float).T
        at = np.array([faults.index(row["fault"]) for row in those]) + (number - 1) * APART
        axis.hlines(at, low, high, color=colour, lw=1)
        axis.plot(value, at, "o", color=colour, ms=4, label=grade)


if __name__ == "__main__":
    main()
