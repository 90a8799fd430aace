"""Draws one cube without and with each fault: `python docs/figures/faults_gallery.py`.

A channel map and the spectrum of the brightest source of a seed, for docs/faults.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from faults import STYLE, save
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import set_from

IMAGES = Path(__file__).parents[1] / "images"
SEED = 2_000_005
BASE: Mapping[str, Any] = {
    "observation": {
        "configuration": "C-3", "total_time": "2400 s", "integration": "20 s",
        "first_frequency": "229.36 GHz", "channel_width": "10 MHz", "channels": 128,
        "cell": "0.1 arcsec", "size": 128,
    },
    "population": {
        "kind": "corrected", "sources": [3, 3], "point_fraction": 0.5, "fwhm_px": [3.0, 8.0],
        "line_fwhm_chan": [8.0, 20.0], "line_margin_chan": 30.0, "field_fraction": 0.7,
        "with_continuum": 1.0, "line_amplitude": [1.0, 2.0], "ideal_snr": [60.0, 90.0],
    },
    "noise": {"kind": "thermal", "pwv": "0.8 mm"},
}  # fmt: skip
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "phases: 40 deg at 300 m,\nreferenced every 120 s": {
        "gains": {
            "phase_rms": "40 deg",
            "amplitude_rms": 0,
            "calibration": {"kind": "referenced", "cycle": "120 s"},
        }
    },
    "amplitudes: 10%": {"gains": {"phase_rms": "0 deg", "amplitude_rms": 0.1}},
    "pointing: 4 arcsec": {"pointing": {"rms": "4 arcsec"}},
    "bandpass ripple: 10%": {"bandpass": {"amplitude": 0.1, "period_chan": 20.0}},
    "Hanning smoothing": {"smoothing": {"averaged": 1}},
    "continuum subtracted,\norder 1, lines and all": {"continuum": {"order": 1}},
    "five antennas flagged,\nunknown to the PSF": {
        "flagged_antennas": {"numbers": [3, 11, 19, 27, 35]},
        "stated": {"kind": "whole_array"},
    },
    "six channels blank": {"flagged_channels": {"number": 6}},
    "a fifth of the channels\nwith twice the noise": {
        "flagged_channels": {"number": 26, "share": 0.75}
    },
    "beam stated 1.1 times too wide": {"stated": {"kind": "scaled", "factor": 1.1}},
}
"""In words, with the table `[faults]`."""
AROUND_PX = 40
OF_PEAK, OF_DIFFERENCE = 1.0, 0.2
"""Black: of the source's peak without the fault."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=IMAGES)
    out = parser.parse_args().out
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(
            len(FAULTS), 4, figsize=(9.5, 1.5 * len(FAULTS)), layout="constrained",
            width_ratios=[1, 1, 1, 2],
        )  # fmt: skip
        for (name, table), row in zip(FAULTS.items(), axes, strict=True):
            row[0].set_ylabel(name, rotation=0, ha="right", va="center")
            draw(row, table)
        for axis, what in zip(axes[0], ("without", "with", "difference x 5", ""), strict=True):
            axis.set_title(what)
        axes[-1, 3].set_xlabel("channel")
        save(figure, out / "faults-gallery.png")


def cube_with(table: Mapping[str, Any]) -> Simulated:
    settings = set_from({**BASE, "faults": dict(table)}, source="faults")
    return simulate(settings, SEED)


def draw(axes: Sequence[Axes], table: Mapping[str, Any]) -> None:
    """Map without, with and the difference; spectra at the brightest line."""
    # fewer antennas see other sources; what is wrong then is the PSF
    known = {name: each for name, each in table.items() if name == "flagged_antennas"}
    plain, faulty = cube_with(known), cube_with(table)
    brightest = int(np.argmax(plain.truth["peak"]))
    x, y = (round(plain.truth[name][brightest]) for name in "xy")
    if "stated" in table:
        axes[0].text(0.04, 0.06, "the PSF", transform=axes[0].transAxes)
        without, with_it = (psf_of(each) for each in (plain, faulty))
    else:
        channel = changed_channel(plain, faulty, near=plain.truth["channel"][brightest])
        without, with_it = (around(each.cube.data[channel], x=x, y=y) for each in (plain, faulty))
        axes[3].axvline(channel, color="0.85", lw=0.8, zorder=0)
    peak = float(np.nanmax(plain.cube.data[:, y, x])) if "stated" not in table else 1.0
    for axis, image, black in (
        (axes[0], without, OF_PEAK),
        (axes[1], with_it, OF_PEAK),
        (axes[2], with_it - without, OF_DIFFERENCE),
    ):
        axis.imshow(image / peak, vmin=-black / 2, vmax=black, cmap="Greys")
        axis.set_xticks([])
        axis.set_yticks([])
    for each, colour in ((plain, "0.6"), (faulty, "C3")):
        spectrum = each.cube.data[:, y, x] * 1e3
        axes[3].plot(spectrum, color=colour, lw=0.9, drawstyle="steps-mid")
    axes[3].set_ylabel("mJy/beam")


def changed_channel(plain: Simulated, faulty: Simulated, *, near: float) -> int:
    """The channel nearest to a line in which the cubes differ."""
    differs = np.any(plain.cube.data != faulty.cube.data, axis=(1, 2))
    changed = np.flatnonzero(differs)
    return int(changed[np.argmin(np.abs(changed - near))])


def psf_of(made: Simulated) -> np.ndarray:
    """The middle of the PSF that a cube states."""
    assert made.cube.psf is not None
    psf = made.cube.psf[len(made.cube.psf) // 2]
    return around(psf, x=psf.shape[1] // 2, y=psf.shape[0] // 2)


def around(plane: np.ndarray, *, x: int, y: int) -> np.ndarray:
    rows, columns = (slice(max(at - AROUND_PX, 0), at + AROUND_PX) for at in (y, x))
    return np.asarray(plane[rows, columns], float)


if __name__ == "__main__":
    main()
