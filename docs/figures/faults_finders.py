"""Draws what faults do to every finder: `python docs/figures/faults_finders.py RECORDS/rows.jsonl`.

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
from faults import STYLE, save
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

IMAGES = Path(__file__).parents[1] / "images"
PANELS = (
    ("completeness_more", "change of the share found", 0.5, "+.2f", 0.0),
    ("false_more", "more false ones a cube", 3.0, "+.1f", 0.0),
    ("flux_changed", "flux over that without", 0.5, ".2f", 1.0),
)
"""Of a row: value with its interval; what it is; where a colour ends; as text; no change."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", type=Path)
    parser.add_argument("--out", type=Path, default=IMAGES)
    asked = parser.parse_args()
    every = [json.loads(line) for line in asked.rows.read_text().splitlines()]
    rows = [row for row in every if row["grade"]]
    finders = list(dict.fromkeys(row["finder"] for row in rows))
    cases = list(dict.fromkeys((row["fault"], row["strength"]) for row in rows))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, 3, figsize=(13.5, 9.5), sharey=True, layout="constrained")
        for axis, panel in zip(axes, PANELS, strict=True):
            draw(axis, rows, cases, finders, panel)
        axes[0].set_yticks(range(len(cases)), [f"{fault}: {how}" for fault, how in cases])
        save(figure, asked.out / "faults-finders.png")


def draw(
    axis: Axes,
    rows: Sequence[dict[str, Any]],
    cases: Sequence[tuple[str, str]],
    finders: Sequence[str],
    panel: tuple[str, str, float, str, float],
) -> None:
    """A cell for each case and finder; grey where no source has a flux in both."""
    name, what, end, form, unchanged = panel
    values = np.full((len(cases), len(finders)), np.nan)
    for row in rows:
        at = cases.index((row["fault"], row["strength"])), finders.index(row["finder"])
        values[at] = np.nan if row[name][0] is None else row[name][0]
    colours = plt.get_cmap("RdBu_r").with_extremes(bad="0.85")
    axis.imshow(
        values - unchanged, cmap=colours, vmin=-end, vmax=end, aspect="auto", origin="upper"
    )
    for (y, x), value in np.ndenumerate(values):
        if np.isfinite(value) and f"{value:{form}}" != f"{unchanged:{form}}":
            dark = abs(value - unchanged) > 0.7 * end
            axis.text(
                x, y, f"{value:{form}}", ha="center", va="center", fontsize=6,
                color="white" if dark else "black",
            )  # fmt: skip
    axis.set_xticks(range(len(finders)), finders, rotation=60, ha="right")
    axis.set_title(what)
    axis.tick_params(length=0)


if __name__ == "__main__":
    main()
