"""One source in cubes of any number of channels, pixels and pixels a beam: the same numbers?

    python benchmarks/same_source.py

A resolved line of 8 channels, peak signal-to-noise ratio 12, with a continuum of a third of that,
in restored cubes of noise correlated like the beam. Prints each value less the true one over its
stated error, and the CPU seconds.
"""

from __future__ import annotations

import time

import numpy as np
from crowded import noise, restored

from deepfocus.core.cube import Cube
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.finder import DeepFocus

SNR, CONTINUUM, WIDTH = 12.0, 4.0, 8.0
SIZE_BEAMS = 1.5
SHAPES = [
    *((channels, 128, 6.0) for channels in (32, 64, 256, 1024, 4000)),
    *((64, size, 6.0) for size in (64, 256, 1024)),
    *((64, 192, beam) for beam in (3.0, 4.0, 9.0, 12.0)),
]
SHOWN = {"x": "x", "channel": "z", "line_fwhm_chan": "FWHM z", "fwhm_x_px": "FWHM x",
         "fwhm_y_px": "FWHM y", "line_flux": "flux"}  # fmt: skip


def cube_of(channels: int, size: int, beam_px: float) -> tuple[Cube, dict[str, float]]:
    """A cube and the true values of its source."""
    rng = np.random.default_rng([channels, size, int(beam_px)])
    data = noise((channels, size, size), rng, beam_px=beam_px)
    x, y, k = 0.46 * size + 0.3, 0.55 * size - 0.2, 0.4 * channels + 0.4
    fwhm = SIZE_BEAMS * beam_px
    sigma, width = np.hypot(fwhm, beam_px) / FWHM_PER_SIGMA, WIDTH / FWHM_PER_SIGMA
    at = np.arange(size)
    image = np.exp(-0.5 * (((at - y) / sigma)[:, None] ** 2 + ((at - x) / sigma) ** 2))
    line = SNR * np.exp(-0.5 * ((np.arange(channels) - k) / width) ** 2) + CONTINUUM
    for plane, level in zip(data, line.astype(np.float32), strict=True):
        plane += level * image.astype(np.float32)
    cube = restored(data, beam_px)
    kms = float(cube.grid.width_kms(1.0, k))
    beams = (sigma * FWHM_PER_SIGMA / beam_px) ** 2
    flux = 1e-3 * SNR * beams * width * np.sqrt(2 * np.pi) * kms
    return cube, {"x": x, "channel": k, "line_fwhm_chan": WIDTH, "fwhm_x_px": fwhm,
                  "fwhm_y_px": fwhm, "line_flux": flux}  # fmt: skip


def main() -> None:
    """Print one row for each shape of cube."""
    finder = DeepFocus().ready()
    header = ["channels", "pixels", "px a beam", "sources", *SHOWN.values(), "CPU s"]
    print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
    for channels, size, beam_px in SHAPES:
        cube, true = cube_of(channels, size, beam_px)
        start = time.process_time()
        found = finder.find(cube).catalogue.accepted
        seconds = time.process_time() - start
        cells = [
            f"{(found[name][0] - true[name]) / found[f'{name}_err'][0]:+.1f}" if len(found) else "-"
            for name in SHOWN
        ]
        row = [channels, size, f"{beam_px:g}", len(found), *cells, f"{seconds:.1f}"]
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


if __name__ == "__main__":
    main()
