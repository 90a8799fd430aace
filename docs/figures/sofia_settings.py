"""The picture of docs/sofia-22-percent.md, from what `benchmarks/sofia_settings.py` logged.

    python docs/figures/sofia_settings.py compared/sofia

writes docs/images/sofia-22-percent.png: recall and precision of each rung, by two rules.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

IMAGES = Path(__file__).parents[1] / "images"
WIDTH_PX, COLOURS = 1200, 128
RULES = {
    "one_to_one": ("one to one, in place and channel", "C0", "o"),
    "paper_rule": ("the paper's rule, in the image", "C1", "s"),
}
PAPER = {"recall": 0.22, "precision": 0.20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="that of benchmarks/sofia_settings.py")
    rungs = logged(parser.parse_args().folder / "rungs.jsonl")
    figure, axes = plt.subplots(1, 2, figsize=(10, 0.8 + 0.29 * len(rungs)), sharey=True)
    for ax, ratio in zip(axes, ("recall", "precision"), strict=True):
        draw(ax, rungs, ratio)
    axes[0].set_yticks(range(len(rungs)), list(rungs))
    axes[0].invert_yaxis()
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False)
    figure.set_layout_engine("constrained")
    path = IMAGES / "sofia-22-percent.png"
    figure.savefig(path, dpi=150)
    picture = Image.open(path).convert("RGB")
    height = round(picture.height * WIDTH_PX / picture.width)
    small = picture.resize((WIDTH_PX, height), Image.Resampling.LANCZOS).quantize(COLOURS)
    small.save(path, optimize=True)


def logged(path: Path) -> dict[str, dict[str, Any]]:
    """The last line of each rung, by its name, with as many cubes as all rungs have."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    every = {line["rung"] for line in lines}
    for cubes in sorted({line["cubes"] for line in lines}, reverse=True):
        rungs = {line["rung"]: line for line in lines if line["cubes"] == cubes}
        if rungs.keys() == every:
            return rungs
    raise SystemExit(f"{path}: no number of cubes with which all rungs were run")


def draw(ax: Axes, rungs: dict[str, dict[str, Any]], ratio: str) -> None:
    """One ratio of all rungs, with its 95% interval."""
    for shift, (rule, (label, colour, marker)) in zip((-0.14, 0.14), RULES.items(), strict=True):
        for row, rung in enumerate(rungs.values()):
            counts = rung[rule]
            value = counts[ratio]
            if value is None:  # nothing was found
                continue
            low, high = counts[f"{ratio}_95"]
            ax.plot([low, high], [row + shift] * 2, color=colour, lw=1)
            ax.plot(
                value, row + shift, marker, color=colour, ms=5, label=label if not row else None
            )
    ax.axvline(PAPER[ratio], color="0.5", lw=1, ls="--", label="Table 4 of the paper")
    ax.set(xlim=(-0.02, 1.02), xlabel=ratio)
    ax.grid(axis="x", color="0.9")


if __name__ == "__main__":
    main()
