"""Draws the picture of total power of docs/physics.md: `python docs/figures/total_power.py`, 20 s.

    python docs/figures/total_power.py --numbers

prints the page's numbers: an extended source without and with total power, and what a real map's
end at 9.3 m takes of its visibilities.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from astropy import units as u
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from scipy.signal import fftconvolve

from deepfocus.core.source import Ellipse
from deepfocus.instrument.coverage import C_M_S, coverage
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.noise import Thermal
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES
from deepfocus.instrument.sampling import ARCSEC_PER_RAD
from deepfocus.instrument.sensitivity import thermal_rms_jy_beam
from deepfocus.instrument.telescope import telescope_of
from deepfocus.instrument.total_power import (
    DISH_M,
    LEAST_RESPONSE,
    TotalPower,
    aperture_autocorrelation,
)
from deepfocus.ops.gaussians import gaussian_2d

IMAGES = Path(__file__).parents[1] / "images"
STYLE = {"font.size": 9, "axes.titlesize": 9, "figure.dpi": 110, "image.origin": "lower"}
SIZE, CELL = 160, 0.3
MINUTES = 20
ARRAYS = {
    "12 m": Observation(
        configuration="C-1",
        channels=1,
        total_time=MINUTES * u.min,
        cell=CELL * u.arcsec,
        size=SIZE,
        robust=0.5,
    )
}
ARRAYS["12 m and 7 m"] = replace(
    ARRAYS["12 m"],
    more_executions=(Execution("ACA", total_time=7 * MINUTES * u.min, integration=30 * u.s),),
)
FWHM_ARCSEC = 20.0
FLUX_JY = 3.0
SEED = 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IMAGES)
    parser.add_argument("--numbers", action="store_true")
    options = parser.parse_args()
    if options.numbers:
        print_numbers()
        return
    with mpl.rc_context(STYLE):
        _save(picture(), options.out / "physics-total-power.png")


def _save(figure: Figure, path: Path) -> None:
    """Write a PNG of 256 colours: a third of the size, and no eye sees it."""
    figure.canvas.draw()
    pixels = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    few = Image.fromarray(pixels).quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    plt.close(figure)


def sky(fwhm_arcsec: float) -> np.ndarray:
    """(1, y, x) a round Gaussian in the middle, FLUX_JY in all."""
    px = fwhm_arcsec / CELL
    image = gaussian_2d((SIZE, SIZE), Ellipse(SIZE // 2, SIZE // 2, px, px, 0.0))
    return FLUX_JY * image[None] / (np.pi / (4 * np.log(2)) * px**2)


def observed(observation: Observation, *, noisy: bool = True) -> tuple[np.ndarray, float]:
    """The dirty image (y, x), Jy/beam, blank where the response is below 0.2, and the noise."""
    seen = telescope_of(observation)
    image = seen.dirty_components(sky(FWHM_ARCSEC))[0, 0]
    rms = float(thermal_rms_jy_beam(observation, seen, 0.8)[0])
    if noisy:
        image = image + rms * Thermal().draw(seen, np.random.default_rng(SEED))[0]
    return np.where(seen.primary_beam[0] > 0.2, image, np.nan), rms


def picture() -> Figure:
    """Each array without and with total power, and a cut; the weights of uv distance."""
    figure, axes = plt.subplots(2, 4, figsize=(12.0, 5.6), layout="constrained")
    for row, (name, arrays) in zip(axes, ARRAYS.items(), strict=True):
        kinds = {"without": arrays, "with total power": replace(arrays, total_power=TotalPower())}
        made = {kind: observed(one)[0] * 1e3 for kind, one in kinds.items()}
        high = max(float(np.nanmax(image)) for image in made.values())
        for axis, (kind, image) in zip(row[:2], made.items(), strict=True):
            _image(axis, image, high=high, title=f"{name}, {kind}")
        _cut(row[2], kinds, made)
        _weights(row[3], kinds["with total power"])
    for axis in axes[1, :3]:
        axis.set_xlabel("east (arcsec)")
    axes[1, 3].set_xlabel("uv distance (m)")
    return figure


def _image(axis: Axes, image: np.ndarray, *, high: float, title: str) -> None:
    half = SIZE * CELL / 2
    shown = axis.imshow(
        image, extent=(half, -half, -half, half), cmap="RdBu_r", vmin=-high, vmax=high
    )
    axis.set(title=title, ylabel="north (arcsec)")
    axis.figure.colorbar(shown, ax=axis, shrink=0.85, label="mJy/beam")
    axis.contour(
        sky(FWHM_ARCSEC)[0] / sky(FWHM_ARCSEC).max(),
        levels=[0.5],
        extent=(half, -half, -half, half),
        colors="k",
        linewidths=0.7,
        linestyles="--",
    )


def _cut(axis: Axes, kinds: dict[str, Observation], made: dict[str, np.ndarray]) -> None:
    """Through the middle: with noise thin, without noise thick."""
    east = (SIZE // 2 - np.arange(SIZE)) * CELL
    for colour, (kind, image) in zip(("tab:red", "tab:blue"), made.items(), strict=True):
        clean = 1e3 * observed(kinds[kind], noisy=False)[0]
        axis.plot(east, image[SIZE // 2], color=colour, lw=0.5, alpha=0.6)
        axis.plot(east, clean[SIZE // 2], color=colour, lw=1.6, label=kind)
    seen = telescope_of(kinds["without"]).primary_beam[0]
    through = (sky(FWHM_ARCSEC)[0] * seen)[SIZE // 2]
    high = 1e3 * np.nanmax(observed(kinds["with total power"], noisy=False)[0][SIZE // 2])
    axis.plot(east, through / through.max() * high, "k:", lw=1, label="source times response")
    axis.axhline(0, color="0.6", lw=0.6)
    axis.set(ylabel="mJy/beam", title="cut through the middle", xlim=(20, -20))
    axis.set_ylim(top=1.75 * high)
    axis.legend(fontsize=7, loc="upper right")


def _weights(axis: Axes, observation: Observation) -> None:
    """Weight per area of the uv plane, in rings of 1 m."""
    covered = coverage(observation)
    assert covered.mapped is not None
    weights = covered.visibility_weights
    distance = np.hypot(*covered.uv_m.T)
    rows = len(covered.mapped.uv_m)
    edges = np.arange(0, 61)
    area = np.pi * np.diff(edges**2)
    for colour, name, chosen in (
        ("0.4", "arrays", slice(None, -rows)),
        ("tab:blue", "total power", slice(-rows, None)),
    ):
        assert weights is not None
        density = np.histogram(distance[chosen], edges, weights=weights[chosen])[0] / area
        axis.stairs(density, edges, color=colour, label=name, fill=True, alpha=0.6)
    axis.set(title="natural weight per m$^2$", xlim=(0, 60))
    axis.legend(fontsize=7)


def print_numbers() -> None:
    print("| arrays | noise, mJy/beam | brightest, mJy/beam | lowest / brightest |")
    print("|---|---:|---:|---:|")
    for name, arrays in ARRAYS.items():
        for more, one in (
            ("", arrays),
            (", total power", replace(arrays, total_power=TotalPower())),
        ):
            image, rms = observed(one, noisy=False)
            low, high = 1e3 * np.nanmin(image), 1e3 * np.nanmax(image)
            print(f"| {name}{more} | {1e3 * rms:.3f} | {high:.2f} | {low / high:.2f} |")
    print("| FWHM, arcsec | of total power's visibilities, a map's end at 9.3 m takes |")
    print("|---|---|")
    for fwhm_arcsec in (0.0, 5.0, 10.0, 20.0, 30.0):
        print(f"| {fwhm_arcsec:g} | {100 * beyond_the_map(fwhm_arcsec):.1f}% |")


def beyond_the_map(fwhm_arcsec: float) -> float:
    """Share of the mean visibility of a Gaussian times 12 m's primary beam from beyond 9.3 m."""
    step_m = 0.1
    at = np.arange(-40, 40 + step_m / 2, step_m)
    distance = np.hypot(at[:, None], at[None, :])
    response = aperture_autocorrelation(distance / DISHES[DISH_M].effective_m)
    heard = response > LEAST_RESPONSE
    wavelength_m = C_M_S / ARRAYS["12 m"].first_frequency.to_value(u.Hz)
    angle = fwhm_arcsec / ARCSEC_PER_RAD
    sky_alone = np.exp(-((np.pi * angle * distance / wavelength_m) ** 2) / (4 * np.log(2)))
    whole, known = (
        fftconvolve(each, response, mode="same") for each in (sky_alone, sky_alone * heard)
    )
    weights = np.where(heard, response**2, 0.0)
    return float(1 - (weights * known).sum() / (weights * whole).sum())


if __name__ == "__main__":
    main()
