"""The picture of one simulated cube: what is in a set, before thousands of it are made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.grid import C_KMS
from deepfocus.report.figures import blank_figure, save_figure
from deepfocus.report.panels import DIRTY_COLOUR, TRUE_COLOUR, TRUE_ON_DARK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SPECTRA = 3
"""Spectra shown: those of the most significant lines of different sources."""
SEEN = 0.03
"""Brightness over the brightest at which a velocity is still drawn."""
AROUND = 1.3
"""Velocities are drawn within this many FWHM of a source: beyond, a dirty cube has sidelobes."""
BAR: dict[str, Any] = {"fraction": 0.046, "pad": 0.03}
"""A colour bar as tall as its image."""
BEAMS_SHOWN = 6.0
"""Half a side of the picture of the beam, in FWHM."""


def preview_figure(cube: Cube, noise_free: np.ndarray, truth: Catalogue, path: Path) -> Path:
    """Draw moment 0 with the true sources, their velocities, the beam and spectra; return `path`.

    noise_free : (chan, y, x) the cube without noise, Jy/beam
    """
    figure = blank_figure(width=15.0, height=8.6)
    figure.suptitle(_facts(cube, truth), fontsize=12)
    grid = figure.add_gridspec(2, 3, height_ratios=(1.5, 1))
    _draw_moment_0(figure.add_subplot(grid[0, 0]), cube, truth)
    _draw_moment_1(figure.add_subplot(grid[0, 1]), cube, noise_free, truth)
    _draw_beam(figure.add_subplot(grid[0, 2]), cube)
    shown = _most_significant(truth)
    for i in range(SPECTRA):
        axes = figure.add_subplot(grid[1, i])
        if i < len(shown):
            _draw_spectrum(axes, cube, noise_free, truth, shown[i])
        else:
            axes.axis("off")
    return save_figure(figure, path)


def _facts(cube: Cube, truth: Catalogue) -> str:
    grid, kind = cube.grid, "cleaned" if cube.psf is None else "dirty"
    noise = "" if cube.noise is None else f", {cube.noise.power.name} noise"
    level = None if cube.noise is None else cube.noise.level_jy_beam
    rms = "" if level is None else f" of {1e3 * level:.3g} mJy/beam"
    beam = "" if cube.beam_px is None else f", {cube.beam_px:.1f} pixels a beam"
    ghz = f"{grid.freq_hz.min() / 1e9:.2f} to {grid.freq_hz.max() / 1e9:.2f} GHz"
    lines = f"{len(truth)} line{'' if len(truth) == 1 else 's'}"
    return (
        f"{kind} cube of {' x '.join(map(str, cube.data.shape))}, {ghz}{beam}{noise}{rms}, {lines}"
    )


def _line_channels(cube: Cube, truth: Catalogue) -> np.ndarray:
    """(chan,) whether a true line lies there; all channels if there is none."""
    index = np.arange(len(cube.data))[:, None]
    inside = np.abs(index - truth["channel"]) <= truth["line_fwhm_chan"]
    lit: np.ndarray = inside.any(axis=1)
    return lit if lit.any() else np.ones(len(index), bool)


def _draw_moment_0(axes: Axes, cube: Cube, truth: Catalogue) -> None:
    lit = _line_channels(cube, truth)
    kms = float(cube.grid.width_kms(1.0, len(lit) / 2))
    image = np.nansum(cube.data[lit], axis=0) * kms  # blank channels add nothing
    limits = np.percentile(image, (1, 99.7))
    picture = axes.imshow(image, origin="lower", cmap="inferno", vmin=limits[0], vmax=limits[1])
    axes.figure.colorbar(picture, ax=axes, label="Jy/beam km/s", **BAR)
    _outline(axes, cube, truth)
    axes.set_title(f"moment 0 of the {lit.sum()} channels with lines", fontsize=11)
    axes.set_xlabel("x, px")
    axes.set_ylabel("y, px")


def _outline(axes: Axes, cube: Cube, truth: Catalogue) -> None:
    """An ellipse around each source, of its size through the beam."""
    from matplotlib.patches import Ellipse

    beam = cube.beam_px or 0.0
    for row in range(len(truth)):
        first, second = (np.hypot(truth[f"fwhm_{axis}_px"][row], beam) for axis in "xy")
        angle = truth["pa"][row] % 90.0  # of the first axis, from north; matplotlib's from x
        place = truth["x"][row], truth["y"][row]
        ellipse = Ellipse(place, second, first, angle=angle, fill=False, edgecolor=TRUE_ON_DARK)
        axes.add_patch(ellipse)


def _draw_moment_1(axes: Axes, cube: Cube, noise_free: np.ndarray, truth: Catalogue) -> None:
    """Mean velocity of the noise-free lines, above the continuum of the other channels."""
    lit = _line_channels(cube, truth)
    continuum = noise_free[~lit].mean(axis=0) if (~lit).any() else 0.0
    line = np.clip(noise_free[lit] - continuum, 0.0, None)
    total = line.sum(axis=0)
    axes.set_title("mean velocity of the lines, without noise", fontsize=11)
    axes.set_xlabel("x, px")
    if not total.any():
        axes.imshow(np.full(total.shape, np.nan), origin="lower")
        return
    grid = cube.grid
    rest = grid.rest_hz or float(np.mean(grid.freq_hz))
    velocity = C_KMS * (1 - grid.freq_hz[lit] / rest)
    # the brightest velocities of a faint source beside a bright one count too
    bright = line.max(axis=0) > SEEN * line.max()
    mean = np.tensordot(velocity, line, axes=1) / np.where(total > 0, total, 1.0)
    shown = np.where(bright & _near_sources(cube, truth), mean, np.nan)
    picture = axes.imshow(shown, origin="lower", cmap="coolwarm")
    axes.figure.colorbar(picture, ax=axes, label="km/s", **BAR)


def _near_sources(cube: Cube, truth: Catalogue) -> np.ndarray:
    """(y, x) whether a source is near, on a circle of its size through the beam."""
    y, x = np.indices(cube.data.shape[1:])
    near = np.zeros(x.shape, bool)
    for row in range(len(truth)):
        major = max(truth["fwhm_x_px"][row], truth["fwhm_y_px"][row])
        reach = AROUND * float(np.hypot(major, cube.beam_px or 0.0))
        near |= np.hypot(x - truth["x"][row], y - truth["y"][row]) < reach
    return near


def _draw_beam(axes: Axes, cube: Cube) -> None:
    from deepfocus.forward.response import beam_image

    axes.set_xlabel("x, arcsec")
    if cube.psf is not None:
        image, name = cube.psf[len(cube.psf) // 2], "dirty beam"
    else:
        assert cube.beam is not None
        image, name = beam_image(cube.beam, cube.grid), "restoring beam"
    ny, nx = image.shape
    reach = int(min(BEAMS_SHOWN * (cube.beam_px or nx), min(ny, nx) // 2))
    inner = image[ny // 2 - reach : ny // 2 + reach, nx // 2 - reach : nx // 2 + reach]
    side = reach * cube.grid.cell_arcsec
    extent = (side, -side, -side, side)
    picture = axes.imshow(inner, origin="lower", cmap="RdBu_r", vmin=-0.4, vmax=0.4, extent=extent)
    axes.figure.colorbar(picture, ax=axes, label="response; 1 at the centre", **BAR)
    axes.set_title(name, fontsize=11)


def _most_significant(truth: Catalogue) -> list[int]:
    """Rows of the best line of each source, most significant first."""
    snr = np.nan_to_num(truth["ideal_snr"])
    rows: list[int] = []
    places: set[tuple[float, float]] = set()
    for row in np.argsort(-snr):
        place = float(truth["x"][row]), float(truth["y"][row])
        if place not in places:
            places.add(place)
            rows.append(int(row))
    return rows[:SPECTRA]


def _draw_spectrum(
    axes: Axes, cube: Cube, noise_free: np.ndarray, truth: Catalogue, row: int
) -> None:
    ny, nx = cube.data.shape[1:]
    x = int(np.clip(round(truth["x"][row]), 0, nx - 1))
    y = int(np.clip(round(truth["y"][row]), 0, ny - 1))
    channels = np.arange(len(cube.data))
    axes.step(channels, 1e3 * cube.data[:, y, x], where="mid", color=DIRTY_COLOUR, lw=0.8)
    axes.plot(channels, 1e3 * noise_free[:, y, x], color=TRUE_COLOUR, lw=1.5)
    axes.axhline(0, color="0.7", lw=0.6)
    axes.set_xlabel("channel")
    axes.set_ylabel("mJy/beam")
    snr, flux = truth["ideal_snr"][row], truth["line_flux"][row]
    axes.set_title(f"at ({x}, {y}): {flux:.3g} Jy km/s, ideal SNR {snr:.0f}", fontsize=10)
