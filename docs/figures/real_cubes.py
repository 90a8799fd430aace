"""Position-velocity cuts of real galaxies, with the model over them: docs/images/real-galaxies.png.

    python docs/figures/real_cubes.py FOLDER

FOLDER holds UGC_1281_Original.fits (WSRT), NGC4324.fits (CARMA), admit_mom_integ_test_input.fits
(ALMA, NGC 3256) and tirific_eso121-g6.fits (ATCA), all of public repositories.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import map_coordinates

from deepfocus.core.cube import Cube
from deepfocus.finders.deepfocus.finder import DeepFocus
from deepfocus.finders.deepfocus.look import look
from deepfocus.finders.deepfocus.sight import sight_of
from deepfocus.io.fits_cube import read_cube
from deepfocus.io.overrides import Overrides

PICTURE = Path(__file__).parents[1] / "images" / "real-galaxies.png"
HI_HZ = 1.420405752e9
"""Rest frequency of HI, which the header of ESO 121-G6 does not say."""
GALAXIES = {
    "UGC 1281 (WSRT, HI)": ("UGC_1281_Original.fits", None),
    "NGC 4324 (CARMA, CO)": ("NGC4324.fits", None),
    "NGC 3256 (ALMA, CO)": ("admit_mom_integ_test_input.fits", None),
    "ESO 121-G6 (ATCA, HI)": ("tirific_eso121-g6.fits", HI_HZ),
}
LEVELS = (3, 6, 12, 24, 48, 96)
"""Of contours, in standard deviations of the noise."""
SIGMA_SHOWN = 12.0


@dataclass(frozen=True)
class Cut:
    """A line through the brightest source, along its movement.

    data, model : (chan, offset) in units of the noise; offsets : (offset,) px
    """

    data: np.ndarray
    model: np.ndarray
    offsets: np.ndarray
    line_flux: float
    line_flux_err: float
    mask_flux: float
    pieces: int


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    figure, axes = plt.subplots(3, len(GALAXIES), figsize=(13, 8.5), layout="constrained")
    for column, (name, (file, rest_hz)) in zip(axes.T, GALAXIES.items(), strict=True):
        cut = cut_of(read_cube(folder / file, Overrides(rest_hz=rest_hz)))
        draw(column, name, cut)
    for row, what in zip(axes, ("data, model", "data - model", "spectrum of the cut"), strict=True):
        row[0].set_ylabel(f"{what}\nchannel" if what != "spectrum of the cut" else what)
    figure.savefig(PICTURE, dpi=110)


def cut_of(cube: Cube) -> Cut:
    """Of the brightest source that the default finder finds."""
    found = DeepFocus().ready().find(cube).catalogue.accepted
    brightest = found.rows[int(np.argmax(found["line_flux"]))]
    looked = look(sight_of(cube), false_peaks=DeepFocus().false_peaks)
    moves = np.isfinite(brightest["kinematic_pa"])
    angle = np.deg2rad(brightest["kinematic_pa"] if moves else brightest["pa"])
    reach = 1.3 * max(brightest["fwhm_x_px"], brightest["fwhm_y_px"], 3 * (cube.beam_px or 4.0))
    offsets = np.arange(-reach, reach + 0.5)
    x = brightest["x"] - np.sin(angle) * offsets
    y = brightest["y"] + np.cos(angle) * offsets
    noise = np.stack([looked.noise.at(x=at, y=up) for at, up in zip(x, y, strict=True)], axis=1)
    data, left = (
        np.stack([map_coordinates(np.nan_to_num(plane), [y, x], order=1) for plane in planes])
        for planes in (cube.data, looked.explained.residual)
    )
    return Cut(
        data / noise,
        (data - left) / noise,
        offsets,
        *(float(brightest[name]) for name in ("line_flux", "line_flux_err", "mask_flux")),
        pieces=len(found),
    )


def draw(column: np.ndarray, name: str, cut: Cut) -> None:
    """Three panels, one below the other."""
    whole, left, spectrum = column
    extent = (cut.offsets[0], cut.offsets[-1], -0.5, len(cut.data) - 0.5)
    shown = {"extent": extent, "aspect": "auto", "origin": "lower", "cmap": "gray_r"}
    for panel, values in ((whole, cut.data), (left, cut.data - cut.model)):
        panel.imshow(values, vmin=-3, vmax=SIGMA_SHOWN, **shown)
    whole.contour(cut.model, LEVELS, extent=extent, colors="tab:red", linewidths=0.9)
    left.contour(
        cut.data - cut.model, [-6, -3, 3, 6], extent=extent, colors="tab:blue", linewidths=0.7
    )
    whole.set_title(
        f"{name}\n{cut.line_flux:.1f} ± {cut.line_flux_err:.1f}, in its mask {cut.mask_flux:.1f}",
        fontsize=9,
    )
    left.set_xlabel("offset along the movement (px)")
    spectrum.step(np.arange(len(cut.data)), cut.data.mean(axis=1), color="0.4", where="mid")
    spectrum.plot(cut.model.mean(axis=1), color="tab:red")
    spectrum.set_xlabel("channel")


if __name__ == "__main__":
    main()
