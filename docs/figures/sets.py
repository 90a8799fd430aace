"""The pictures of docs/sets.md: one cube of each shipped set, as `deepfocus simulate --preview`.

    python docs/figures/sets.py [NAME ...]

writes docs/images/set-NAME.png.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

from deepfocus.report.preview import preview_figure
from deepfocus.simulation.cube import simulate
from deepfocus.simulation.sets import shipped_set

IMAGES = Path(__file__).parents[1] / "images"
SEEDS = {
    "paper": 2_000_000,
    "varied": 2_000_004,
    "faint": 2_000_002,
    "blends": 2_000_007,
    "galaxies": 2_000_008,
    "empty": 2_000_001,
    "faults": 2_000_039,
}
"""A validation cube of each set."""
WIDTH_PX, COLOURS = 1200, 200


def main(names: list[str]) -> None:
    for name in names:
        made = simulate(shipped_set(name), SEEDS[name])
        with tempfile.TemporaryDirectory() as folder:
            large = Path(folder) / "large.png"
            preview_figure(made.cube, made.noise_free, made.truth, large)
            picture = Image.open(large).convert("RGB")
        height = round(picture.height * WIDTH_PX / picture.width)
        small = picture.resize((WIDTH_PX, height), Image.Resampling.LANCZOS).quantize(COLOURS)
        small.save(IMAGES / f"set-{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:] or list(SEEDS))
