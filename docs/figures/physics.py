"""Draws the pictures of docs/physics.md into docs/images: `python docs/figures/physics.py`.

Everything in them is the simulator's own; the same seeds, the same pictures, in some ten seconds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np
from astropy import units as u
from scipy.fft import irfft2, rfft2

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from deepfocus.core.grid import tangent_grid
from deepfocus.instrument.coverage import C_M_S
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import Telescope, telescope_of
from deepfocus.sky.disc import Disc, DiscLine
from deepfocus.sky.template_files import SHIPPED, template_of
from deepfocus.sky.template_source import TemplateSource

IMAGES = Path(__file__).parents[1] / "images"
STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "figure.dpi": 110,
    "image.origin": "lower",
    "image.interpolation": "nearest",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES)
    out = parser.parse_args().out
    with mpl.rc_context(STYLE):
        for name, draw in PICTURES.items():
            figure = draw()
            _save(figure, out / f"physics-{name}.png")


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of 256 colours: a third of the size, and no eye sees it."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    few = Image.fromarray(pixels).quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    plt.close(figure)


def beams() -> Figure:
    """uv coverage, dirty beam, primary beam of three arrays at 230 GHz."""
    figure, axes = plt.subplots(3, 3, figsize=(9.6, 8.6), layout="constrained")
    for row, configuration in zip(axes, ("C-1", "C-4", "ACA"), strict=True):
        seen = telescope_of(
            Observation(configuration=configuration, first_frequency=230 * u.GHz, channels=1)
        )
        _uv_coverage(row[0], seen, configuration)
        _dirty_beam(figure, row[1], seen)
        _primary_beam(row[2], seen, configuration)
    return figure


def _uv_coverage(ax: Axes, seen: Telescope, configuration: str) -> None:
    kilo = seen.uv_m[::4] * seen.node_hz[0] / C_M_S / 1e3
    both = np.concatenate([kilo, -kilo])
    ax.plot(*both.T, ",", color="C0")
    reach = 1.08 * np.abs(both).max()
    ax.set(xlim=(reach, -reach), ylim=(-reach, reach), aspect="equal")
    ax.set(xlabel="u (kilo-wavelengths)", ylabel="v (kilo-wavelengths)")
    ax.set_title(f"{configuration}: uv coverage, 40 min, dec $-35°$")


def _dirty_beam(figure: Figure, ax: Axes, seen: Telescope) -> None:
    edge = seen.size / 2 * seen.grid.cell_arcsec
    beam = seen.beam
    reach = min(8 * beam.major_arcsec, edge)
    shown = ax.imshow(
        seen.psf[0], extent=(edge, -edge, -edge, edge), cmap="RdBu_r", vmin=-0.4, vmax=0.4
    )
    ax.set(xlim=(reach, -reach), ylim=(-reach, reach))
    ax.set(xlabel="offset east (arcsec)", ylabel="offset north (arcsec)")
    ax.set_title(f"dirty beam, {beam.major_arcsec:.2f} × {beam.minor_arcsec:.2f} arcsec")
    figure.colorbar(shown, ax=ax, shrink=0.85, extend="max")


def _primary_beam(ax: Axes, seen: Telescope, configuration: str) -> None:
    middle = seen.size // 2
    offset = (np.arange(seen.size) - middle) * seen.grid.cell_arcsec
    dish = 7.0 if configuration == "ACA" else 12.0
    everywhere = np.linspace(-40, 40, 401)
    ax.plot(everywhere, DISHES[dish](np.abs(everywhere), seen.node_hz[0]), label="primary beam")
    ax.plot(offset, seen.psf[0, middle], lw=0.8, label="dirty beam")
    ax.axhline(0.5, color="0.6", lw=0.8, ls=":")
    ax.set(xlim=(-40, 40), ylim=(-0.3, 1.5), yticks=[0, 0.5, 1])
    ax.set(xlabel="offset along right ascension (arcsec)", ylabel="response")
    ax.legend(loc="upper right", frameon=False, fontsize=8)
    ax.set_title(f"{dish:.0f} m dish, 230 GHz")


GALAXY = Disc(
    x=96.0,
    y=96.0,
    scale_px=9.0,
    inclination_deg=60.0,
    pa_receding=40.0,
    v_max_kms=260.0,
    turnover_px=4.0,
    dispersion_kms=15.0,
    lines=(DiscLine(flux_jy_kms=6.0, channel=32.0),),
)


def disc() -> Figure:
    """One rotating disc: channel maps, moment 0 and spectrum, without noise and with it."""
    observation = Observation(size=192, cell=0.1 * u.arcsec, channels=65)
    seen = telescope_of(observation)
    images, spectra = GALAXY.parts(seen.grid)
    quiet = seen.dirty_cube(seen.dirty_components(images), spectra)
    rms = thermal_rms_jy_beam(observation, seen, 0.8)[:, None, None]
    noisy = quiet + rms * Thermal().draw(seen, np.random.default_rng(3))
    kms = -(seen.grid.freq_hz - seen.grid.frequency_at(32)) / seen.grid.rest_hz * 299792.458
    figure = plt.figure(figsize=(9.6, 7.2), layout="constrained")
    maps, rest = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    _channel_maps(maps, quiet, noisy, kms)
    _moment_and_spectrum(rest, quiet, noisy, kms, seen)
    return figure


def _channel_maps(figure: Figure, quiet: np.ndarray, noisy: np.ndarray, kms: np.ndarray) -> None:
    axes = figure.subplots(2, 5, sharex=True, sharey=True)
    top = 1e3 * quiet.max()
    for row, (cube, name) in zip(axes, ((quiet, "noise-free"), (noisy, "PWV 0.8 mm")), strict=True):
        for ax, channel in zip(row, (18, 25, 32, 39, 46), strict=True):
            shown = ax.imshow(
                1e3 * cube[channel],
                extent=(9.6, -9.6, -9.6, 9.6),
                cmap="inferno",
                vmin=-0.25 * top,
                vmax=top,
            )
            ax.set(xlim=(6.5, -6.5), ylim=(-6.5, 6.5))
            ax.text(6.0, 5.0, f"{kms[channel]:+.0f} km/s".replace("-0 ", "0 "), color="w", size=8)
        row[0].text(6.0, -5.8, name, color="w", fontsize=8)
    figure.supxlabel("offset east (arcsec)", fontsize=9)
    figure.supylabel("offset north (arcsec)", fontsize=9)
    figure.colorbar(shown, ax=axes, shrink=0.8, label="mJy/beam")


def _moment_and_spectrum(
    figure: Figure, quiet: np.ndarray, noisy: np.ndarray, kms: np.ndarray, seen: Telescope
) -> None:
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.7])
    width = abs(kms[1] - kms[0])
    shown = left.imshow(
        quiet[10:55].sum(axis=0) * width, extent=(9.6, -9.6, -9.6, 9.6), cmap="inferno"
    )
    left.set(xlim=(6.5, -6.5), ylim=(-6.5, 6.5), title="moment 0, noise-free")
    left.set(xlabel="offset east (arcsec)", ylabel="offset north (arcsec)")
    figure.colorbar(shown, ax=left, label="Jy/beam km/s")
    total = GALAXY.spectrum(seen.grid)
    right.step(kms, 1e3 * total, where="mid", color="k", label="sky: whole disc")
    y, x = np.indices(quiet.shape[1:]) - 96
    inside = np.hypot(x, y) * 0.1 < 3.0
    area = seen.beam.area_px(0.1)
    for cube, name, colour in ((quiet, "noise-free", "C0"), (noisy, "PWV 0.8 mm", "C1")):
        summed = 1e3 * cube[:, inside].sum(axis=1) / area
        right.step(kms, summed, where="mid", color=colour, lw=1, label=f"dirty, r < 3″, {name}")
    right.axhline(0, color="0.7", lw=0.6)
    right.set(xlabel="velocity about the line (km/s)", ylabel="flux density (mJy)")
    right.set(xlim=(kms.min(), kms.max()), ylim=(-8, 33), title="spectrum")
    right.legend(loc="upper right", frameon=False, fontsize=8)


def noise() -> Figure:
    """White and thermal noise, and their autocorrelations beside the dirty beam."""
    seen = telescope_of(Observation(channels=64))
    beam, reach = seen.psf[1], 40
    half = seen.size // 2
    figure, axes = plt.subplots(2, 3, figsize=(9.6, 6.0), layout="constrained")
    for row, model in zip(axes, (White(), Thermal()), strict=True):
        drawn = model.draw(seen, np.random.default_rng(11))
        edge = 60 * 0.1
        shown = row[0].imshow(
            drawn[0, half - 60 : half + 60, half - 60 : half + 60],
            extent=(edge, -edge, -edge, edge),
            cmap="RdBu_r",
            vmin=-3.5,
            vmax=3.5,
        )
        row[0].set(xlabel="offset east (arcsec)", ylabel="offset north (arcsec)")
        row[0].set_title(f"{model.name} noise, one channel")
        figure.colorbar(shown, ax=row[0], shrink=0.85, label="in units of its rms")
        lags = _autocorrelation(drawn)[half - reach : half + reach + 1, half - reach :]
        lags = lags[:, : 2 * reach + 1]
        side = reach * 0.1
        shown = row[1].imshow(
            lags, extent=(side, -side, -side, side), cmap="RdBu_r", vmin=-0.4, vmax=0.4
        )
        row[1].set(xlabel="lag east (arcsec)", ylabel="lag north (arcsec)")
        row[1].set_title("autocorrelation of 64 channels")
        figure.colorbar(shown, ax=row[1], shrink=0.85, extend="max")
        at = np.arange(-reach, reach + 1) * 0.1
        row[2].plot(at, lags[reach], label="autocorrelation")
        cut = beam[half, half - reach : half + reach + 1]
        row[2].plot(at, cut, "--", color="k", lw=1, label="dirty beam")
        row[2].set(xlabel="lag along right ascension (arcsec)", ylim=(-0.3, 1.4))
        row[2].set_title("cut through the centre")
        row[2].legend(loc="upper right", frameon=False, fontsize=8)
    return figure


def _autocorrelation(planes: np.ndarray) -> np.ndarray:
    """(y, x) mean over planes (n, y, x), 1 at [size // 2, size // 2]; edges counted out."""
    size = planes.shape[-1]
    n = 2 * size
    power = sum(np.abs(rfft2(plane, s=(n, n))) ** 2 for plane in planes)
    overlap = size - np.minimum(np.arange(n), n - np.arange(n))
    lags = irfft2(power, s=(n, n)) / np.maximum(np.outer(overlap, overlap), 1)
    half = size // 2
    lags = np.roll(lags, (half, half), axis=(0, 1))[:size, :size]
    return lags / lags[half, half]


def galaxies() -> Figure:
    """Every shipped template at one size, angle and width: moments 0 and 1, and its line."""
    side, channels = 96, 64
    grid = tangent_grid(
        ra_deg=60.0,
        dec_deg=-35.0,
        size=side,
        cell_arcsec=0.1,
        freq_hz=230e9 - 1e7 * np.arange(channels),
    )
    figure, axes = plt.subplots(3, len(SHIPPED), figsize=(11, 4.4), layout="constrained")
    for column, name in zip(axes.T, SHIPPED, strict=True):
        source = TemplateSource(
            template_of(name),
            x=48.0,
            y=48.0,
            fwhm_px=24.0,
            pa=30.0,
            channel=32.0,
            fwhm_chan=24.0,
            flux_jy_kms=3.0,
        )
        images, spectra = source.parts(grid)
        cube = np.einsum("pyx,pk->kyx", images, spectra)
        total = cube.sum(axis=0)
        lit = total > 2e-3 * total.max()
        mean = np.tensordot(np.arange(channels), cube, axes=1) / np.where(lit, total, np.nan)
        column[0].imshow(total, cmap="viridis")
        column[0].set_title(name)
        column[1].imshow(mean, cmap="RdBu_r", vmin=20, vmax=44)
        for image in column[:2]:
            image.set(xticks=[], yticks=[])
        column[2].step(np.arange(channels), cube.sum(axis=(1, 2)), where="mid", lw=0.9)
        for edge in (20, 44):
            column[2].axvline(edge, color="0.6", lw=0.7)
        column[2].set(yticks=[], xticks=[20, 44], xlabel="channel")
    return figure


PICTURES = {"beams": beams, "disc": disc, "noise": noise, "galaxies": galaxies}


if __name__ == "__main__":
    main()
