"""Draws the pictures of docs/faults.md into docs/images: `python docs/figures/faults.py`."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from astropy import units as u

mpl.use("Agg")
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.telescope import telescope_of
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.faults.bandpass import Ripple
from deepfocus.simulation.faults.calibration import Referenced, Uncalibrated
from deepfocus.simulation.faults.continuum import Subtraction
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.faults.flags import FlaggedAntennas, FlaggedChannels
from deepfocus.simulation.faults.gains import Gains, beam_through_gains
from deepfocus.simulation.faults.pointing import Pointing
from deepfocus.simulation.faults.smoothing import Hanning
from deepfocus.simulation.faults.track import track_of
from deepfocus.simulation.sets import shipped_set
from deepfocus.simulation.settings import SetSettings
from deepfocus.simulation.view import Cleaned

IMAGES = Path(__file__).parents[1] / "images"
STYLE = {
    "font.size": 9,
    "axes.titlesize": 9,
    "figure.dpi": 110,
    "image.origin": "lower",
    "image.interpolation": "nearest",
}
SEED = 2_000_003


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES)
    out = parser.parse_args().out
    with mpl.rc_context(STYLE):
        for name, draw in (("gains", gains), ("beams", beams), ("channels", channels)):
            save(draw(), out / f"faults-{name}.png")


def save(figure: Figure, path: Path) -> None:
    """Write a PNG of 256 colours: a third of the size, and no eye sees it."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    few = Image.fromarray(pixels).quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    plt.close(figure)


def gains() -> Figure:
    """Structure function and phases of a screen; a point through them, dirty and cleaned."""
    figure, axes = plt.subplots(2, 4, figsize=(12.5, 6.2), layout="constrained")
    observation = Observation(size=256)
    _structure(axes[0, 0])
    _phases(axes[1, 0], observation)
    telescope, track = telescope_of(observation), track_of(observation)
    fault = Gains(phase_rms=40 * u.deg, calibration=Referenced(300 * u.s), amplitude_rms=0.07)
    products = track.of_samples(fault.drawn(track, np.random.default_rng(3)))
    beam = beam_through_gains(telescope, products)
    cleaned = Cleaned().view(telescope)
    seen = cleaned.through_beam(beam).telescope.dirty_beam
    for row, plain, faulty, what in (
        (axes[0], telescope.dirty_beam, beam, "dirty"),
        (axes[1], cleaned.telescope.dirty_beam, seen, "cleaned"),
    ):
        for ax, image, title, top in (
            (row[1], plain, f"a point, {what}: perfect", 0.4),
            (row[2], faulty, "with gain errors", 0.4),
            (row[3], faulty - plain, "difference", 0.03),
        ):
            half = slice(256 - 100, 256 + 101)
            shown = ax.imshow(
                image[1, half, half], extent=(10, -10, -10, 10), cmap="RdBu_r", vmin=-top, vmax=top
            )
            ax.set(title=title, xlabel="offset (arcsec)")
            figure.colorbar(shown, ax=ax, shrink=0.8, extend="both")
    return figure


def _structure(ax: Axes) -> None:
    """The phase rms between antennas in twenty draws of a track, against the formula."""
    fault, rng = Gains(amplitude_rms=0.0), np.random.default_rng(1)
    for configuration, colour in (("C-3", "C0"), ("C-7", "C1")):
        track = track_of(Observation(configuration=configuration, cell=0.02 * u.arcsec, size=256))
        lengths = np.hypot(*(track.ground_m[track.first] - track.ground_m[track.second]).T)
        variance = np.zeros(len(lengths))
        for _ in range(20):
            screen = fault.turbulence.drawn(10.0, rng)
            phase = screen.phase_rad(track.ground_m, track.time_s)
            variance += np.mean((phase[track.first] - phase[track.second]) ** 2, axis=1) / 20
        ax.plot(lengths, np.rad2deg(np.sqrt(variance)), ",", color=colour)
        ax.plot([], [], ".", color=colour, label=configuration)
    at = np.geomspace(10, 5000, 100)
    ax.plot(at, np.rad2deg(np.sqrt(fault.turbulence.variance_rad2(at))), "k", lw=1, label="formula")
    ax.set(xscale="log", yscale="log", xlabel="baseline (m)", ylabel="phase rms (deg)")
    ax.legend(frameon=False)
    ax.set_title("phase between antennas")


def _phases(ax: Axes, observation: Observation) -> None:
    """The phase of one antenna against another in time, before and after phase referencing."""
    track = track_of(observation)
    screen = Gains().turbulence.drawn(10.0, np.random.default_rng(3))
    longest = int(
        np.argmax(np.hypot(*(track.ground_m[track.first] - track.ground_m[track.second]).T))
    )
    for calibration, label in ((Uncalibrated(), "none"), (Referenced(60 * u.s), "60 s")):
        left = calibration.left(lambda t: screen.phase_rad(track.ground_m, t), track.time_s)
        between = left[track.first[longest]] - left[track.second[longest]]
        ax.plot(track.time_s / 60, np.rad2deg(between), lw=0.9, label=label)
    ax.set(xlabel="time (min)", ylabel="phase (deg)", title="the longest baseline of C-3")
    ax.legend(frameon=False, fontsize=8)


def beams() -> Figure:
    """Missing antennas, and the primary beam of dishes that point beside the source."""
    figure, axes = plt.subplots(1, 4, figsize=(12.5, 3.1), layout="constrained")
    observation = Observation(size=256)
    telescope = telescope_of(observation)
    fewer = FlaggedAntennas((3, 11, 19, 27, 35)).telescope(observation)
    for ax, image, title, top in (
        (axes[0], telescope.psf[1], "dirty beam, 43 antennas", 0.2),
        (axes[1], fewer.psf[1], "38 antennas", 0.2),
        (axes[2], fewer.psf[1] - telescope.psf[1], "difference", 0.05),
    ):
        extent = (12.8, -12.8, -12.8, 12.8)
        shown = ax.imshow(image, extent=extent, cmap="RdBu_r", vmin=-top, vmax=top)
        ax.set(title=title, xlabel="offset (arcsec)")
        figure.colorbar(shown, ax=ax, shrink=0.85, extend="both")
    at = (np.arange(256) - 128) * 0.1
    for rms in (0.6, 2.0):
        fault = Pointing(rms * u.arcsec)
        offsets = fault.drawn(43, np.random.default_rng(0))
        beam = fault.mean_primary_beam(telescope, DISHES[12.0], offsets)
        axes[3].plot(at, (beam - telescope.primary_beam)[1, 128], label=f"{rms:g} arcsec rms")
    axes[3].axhline(0, color="0.6", lw=0.8)
    axes[3].set(xlabel="offset (arcsec)", title="primary beam: change", ylim=(-0.018, 0.006))
    axes[3].legend(frameon=False, fontsize=8, loc="upper center")
    return figure


def channels() -> Figure:
    """The spectrum of one source and of a place without any, with and without each fault."""
    figure, axes = plt.subplots(5, 2, figsize=(12.5, 11), layout="constrained")
    plain, water = _one_bright_source()
    perfect = simulate(plain, SEED)
    rippled = simulate(replace(plain, faults=Faults(bandpass=Ripple(0.1))), SEED)
    _spectra(axes[0], perfect, _with(plain, Faults(smoothing=Hanning())), "Hanning smoothing")
    _spectra(axes[1], perfect, rippled, "ripple of 10% in each antenna")
    axes[1, 1].clear()
    factor = rippled.cube.noise.sigma_jy_beam / perfect.cube.noise.sigma_jy_beam
    axes[1, 1].plot(factor)
    axes[1, 1].set_title("ripple: the factor on signal and noise")
    whole = Faults(continuum=Subtraction(1))
    _spectra(axes[2], perfect, _with(plain, whole), "continuum through all channels")
    flagged = Faults(flagged_channels=FlaggedChannels(6))
    _spectra(axes[3], perfect, _with(plain, flagged), "6 channels flagged")
    noisy = simulate(water, SEED)
    _spectra(axes[4], noisy, None, "beside the water line at 325 GHz")
    axes[4, 1].clear()
    for made, label in ((perfect, "230 GHz"), (noisy, "324 GHz")):
        sigma = made.cube.noise.sigma_jy_beam
        axes[4, 1].plot(sigma / sigma.mean(), label=label)
    axes[4, 1].set(ylim=(0, None), title="noise of a channel over its mean", xlabel="channel")
    axes[4, 1].legend(frameon=False)
    return figure


def _one_bright_source() -> tuple[SetSettings, SetSettings]:
    """One source with a continuum and a narrow line, at 230 GHz and beside the water line."""
    variants = shipped_set("faults").variants
    water = next(v for v in variants if v.observation.first_frequency > 300 * u.GHz)
    plain = variants[0]
    population = replace(
        plain.population,
        with_continuum=1.0,
        sources=(1, 1),
        ideal_snr=(150.0, 150.0),
        line_fwhm_chan=(4.0, 4.0),
        disc_fraction=0.0,
    )
    return replace(plain, population=population), replace(water, population=population)


def _with(settings: SetSettings, faults: Faults) -> Simulated:
    return simulate(replace(settings, faults=faults), SEED)


def _spectra(axes: np.ndarray, perfect: Simulated, faulty: Simulated | None, title: str) -> None:
    y, x = (round(float(perfect.truth[axis][0])) for axis in "yx")
    for ax, (dy, dx), where in ((axes[0], (0, 0), "at the source"), (axes[1], (40, 40), "beside")):
        for made, label in ((perfect, "perfect"), (faulty, "faulty")):
            if made is not None:
                spectrum = 1e3 * made.cube.data[:, (y + dy) % 256, (x + dx) % 256]
                ax.step(np.arange(128), spectrum, where="mid", lw=0.9, label=label)
        ax.set(ylabel="mJy/beam", title=f"{title}, {where}")
    if faulty is not None:
        axes[0].legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    main()
