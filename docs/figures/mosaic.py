"""Draws the picture of mosaics of docs/physics.md: `python docs/figures/mosaic.py`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from deepfocus.instrument.coverage import coverage
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sampling import primary_beam_width_arcsec
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import load_set

IMAGES = Path(__file__).parents[1] / "images"
EXAMPLE = Path(__file__).parents[2] / "examples" / "mosaic.toml"
STYLE = {"font.size": 9, "axes.titlesize": 9, "figure.dpi": 110, "image.origin": "lower"}
SEED, CHANNELS = 3_000_006, 48


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES)
    out = parser.parse_args().out
    settings = load_set(EXAMPLE).variants[0]
    made = simulate(
        replace(settings, observation=replace(settings.observation, channels=CHANNELS)), SEED
    )
    with mpl.rc_context(STYLE):
        _save(picture(made, settings.observation), out / "physics-mosaic.png")


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of 256 colours: a third of the size, and no eye sees it."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    few = Image.fromarray(pixels).quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    plt.close(figure)


def picture(made: Simulated, observation: Observation) -> Figure:
    """Response and pointings, the brightest voxels, and those corrected for the response."""
    figure, axes = plt.subplots(1, 3, figsize=(12.0, 4.0), layout="constrained")
    cube = made.cube
    half = cube.grid.nx * cube.grid.cell_arcsec / 2
    extent = (half, -half, -half, half)
    response = cube.primary_beam[len(cube.primary_beam) // 2]
    shown = axes[0].imshow(response, extent=extent, cmap="viridis", vmin=0, vmax=1)
    axes[0].set_title("response, and the pointings at half power")
    figure.colorbar(shown, ax=axes[0], shrink=0.85)
    _pointings(axes[0], observation)
    brightest = 1e3 * cube.array.max(axis=0)
    high = float(np.percentile(brightest, 99.8))
    shown = axes[1].imshow(brightest, extent=extent, cmap="inferno", vmax=high)
    axes[1].set_title("brightest voxel, mJy/beam: noise is flat")
    figure.colorbar(shown, ax=axes[1], shrink=0.85)
    corrected = np.where(response > 0.2, brightest / response, np.nan)
    shown = axes[2].imshow(corrected, extent=extent, cmap="inferno", vmax=1.5 * high)
    axes[2].set_title("corrected for the response, down to 0.2")
    figure.colorbar(shown, ax=axes[2], shrink=0.85)
    cell, middle = cube.grid.cell_arcsec, cube.grid.nx // 2
    for axis in axes[1:]:
        east, north = (middle - made.truth["x"]) * cell, (made.truth["y"] - middle) * cell
        axis.plot(east, north, "o", mfc="none", mec="cyan", ms=12, mew=0.8)
    for axis in axes:
        axis.set(xlabel="east (arcsec)", xlim=(half, -half), ylim=(-half, half))
    axes[0].set_ylabel("north (arcsec)")
    return figure


def _pointings(axis: Axes, observation: Observation) -> None:
    hz = float(np.median(telescope_of(observation).grid.freq_hz))
    radius = np.linspace(0, primary_beam_width_arcsec(DISHES[12.0], hz) / 2, 2000)
    at_half = float(np.interp(-0.5, -DISHES[12.0](radius, hz), radius))
    for east, north in coverage(observation).offsets_arcsec:
        axis.plot(east, north, "w+", ms=6)
        axis.add_patch(plt.Circle((east, north), at_half, fill=False, color="w", lw=0.7))


if __name__ == "__main__":
    main()
