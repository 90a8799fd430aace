"""Draws the figure of docs/training-size.md: `python docs/figures/training_size.py [ROWS.jsonl]`.

The rows are those of `benchmarks/training_curves.py`; training_size.jsonl beside this file has
those of the page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from PIL import Image

HERE = Path(__file__).parent
PICTURE = HERE.parent / "images" / "training-size.png"
AXES = {
    "examples": ("share", "training examples"),
    "weights": ("width", "weights of the network"),
    "steps": ("length", "gradient steps"),
}
"""What is on each horizontal axis: the field that varies along it, and its name."""
VARIED = ("share", "width", "length", "start")
STYLE = {"font.size": 9, "axes.titlesize": 9, "figure.dpi": 110}

Row = Mapping[str, Any]


def main(rows: Path = HERE / "training_size.jsonl", out: Path = PICTURE) -> None:
    lines = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    roles = list(dict.fromkeys(line["role"] for line in lines))
    with mpl.rc_context(STYLE):
        figure, panels = plt.subplots(
            len(roles),
            len(AXES),
            figsize=(7.6, 0.5 + 2.0 * len(roles)),
            sharey="row",
            squeeze=False,
            layout="constrained",
        )
        for role, row in zip(roles, panels, strict=True):
            of_role = [line for line in lines if line["role"] == role]
            for axes, quantity in zip(row, AXES, strict=True):
                draw(axes, of_role, quantity)
            row[0].set_ylabel(f"{role}\nbest validation loss")
        panels[0, 0].legend(frameon=False, fontsize=8)
        figure.savefig(out)
    Image.open(out).convert("RGB").quantize(64).save(out, optimize=True)  # a quarter of the bytes


def draw(axes: Axes, rows: Sequence[Row], quantity: str) -> None:
    """Loss against one quantity, all else as in the middle of the cross, which is the first row."""
    varied, name = AXES[quantity]
    middle = rows[0]
    same = [key for key in VARIED if key not in (varied, "start")]
    along = [row for row in rows if all(row[key] == middle[key] for key in same)]
    line = sorted((row for row in along if row["start"] == 0), key=lambda row: float(row[quantity]))
    axes.plot(*_points(line, quantity), "o-", color="C0", ms=4, lw=1.2, label="one start")
    others = [row for row in along if row["start"] != 0]
    axes.plot(*_points(others, quantity), "o", mfc="none", color="C1", ms=6, label="another start")
    axes.set(xscale="log", yscale="log", xlabel=name)
    axes.grid(which="both", color="0.92")
    axes.set_axisbelow(True)
    axes.minorticks_off()
    # less than a decade: round steps tell more than powers of ten
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.3g}"))
    axes.set_xticks([row[quantity] for row in line], [_short(row[quantity]) for row in line])


def _points(rows: Sequence[Row], quantity: str) -> tuple[list[float], list[float]]:
    return [row[quantity] for row in rows], [row["validation_loss"] for row in rows]


def _short(number: float) -> str:
    """Three figures with k for thousands and M for millions, for a tick."""
    if number >= 1e6:
        return f"{number / 1e6:.3g}M"
    return f"{number:g}" if number < 1e4 else f"{number / 1e3:.3g}k"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
