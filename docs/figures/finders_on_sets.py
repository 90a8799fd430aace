"""Draws docs/images/finders-on-sets.png from the table of docs/benchmark.md.

`python docs/figures/finders_on_sets.py`: precision against recall of every finder on each set that
has sources. A finder's settings, by default and tuned, have one colour.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from faults import STYLE, save
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

DOCS = Path(__file__).parents[1]
SETS = ("paper", "faint", "blends", "galaxies", "varied")
TUNED = "-tuned"
COLOURS = {
    "deepfocus": "#d62728", "slim": "#ff7f0e", "sofia": "#1f77b4", "lineseeker": "#17becf",
    "matched_filter": "#2ca02c", "photutils": "#9467bd", "aegean": "#8c564b",
    "pybdsf": "#e377c2", "blobcat": "#7f7f7f", "decoras": "#bcbd22",
}  # fmt: skip
"""`paper`, which is on its own set alone, is left out."""

Shares = dict[str, tuple[float, float]]
"""By finder, its recall and precision."""


def main() -> None:
    """Draw it."""
    by_set = shares_of((DOCS / "benchmark.md").read_text(encoding="utf-8"))
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(1, len(SETS) + 1, figsize=(15, 3.4), layout="constrained")
        for panel, name in zip(axes, SETS, strict=False):
            _draw(panel, name, by_set[name])
        axes[0].set_ylabel("precision")
        axes[-1].axis("off")
        axes[-1].legend(*axes[0].get_legend_handles_labels(), loc="center", frameon=False)
        axes[-1].set_title("ring: tuned settings", y=0.0)
        save(figure, DOCS / "images" / "finders-on-sets.png")


def shares_of(page: str) -> dict[str, Shares]:
    """By set, from the first table of the page."""
    lines = iter(page.splitlines())
    next(line for line in lines if line.startswith("| set | finder | TP"))
    next(lines)
    by_set: dict[str, Shares] = {}
    name = ""
    for line in lines:
        if not line.startswith("|"):
            break
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name = cells[0] or name
        true, false, missed = map(int, cells[2:5])
        if true:
            shares = true / (true + missed), true / (true + false)
            by_set.setdefault(name, {})[cells[1].strip("*")] = shares
    return by_set


def _draw(panel: Axes, name: str, shares: Shares) -> None:
    for finder, (recall, precision) in shares.items():
        kind = finder.removesuffix(TUNED)
        if kind not in COLOURS:
            continue
        tuned = finder.endswith(TUNED)
        panel.plot(
            recall, precision, "o", ms=11 if kind == "deepfocus" else 8, color=COLOURS[kind],
            mfc="none" if tuned else COLOURS[kind], mew=1.8, label=None if tuned else kind,
            clip_on=False, zorder=3,
        )  # fmt: skip
    panel.set(title=name, xlabel="recall", xlim=(0, 1), ylim=(0, 1))
    panel.grid(alpha=0.3)


if __name__ == "__main__":
    main()
