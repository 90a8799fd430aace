"""How the default finder's time grows with the number of sources in one cube.

    python benchmarks/crowded.py [--most 1000] [--channels 64] [--size 768]

Restored cubes of noise correlated like the beam, with n sources each, of a peak signal-to-noise
ratio of 6 to 30, two thirds of them resolved. Prints sources found, CPU seconds, those beyond an
empty cube, and the exponent with which they grow from row to row.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.fft import irfft2, rfft2

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.finders.deepfocus.finder import DeepFocus

BEAM_PX = 5.0
NUMBERS = (0, 10, 30, 100, 300, 1000, 3000)


def noise(
    shape: tuple[int, int, int], rng: np.random.Generator, *, beam_px: float = BEAM_PX
) -> np.ndarray:
    """(chan, y, x) of standard deviation 1, correlated like a Gaussian beam of that FWHM."""
    v, u = np.fft.fftfreq(shape[1])[:, None], np.fft.rfftfreq(shape[2])[None]
    sigma = beam_px / FWHM_PER_SIGMA
    amplitude = np.exp(-(np.pi**2) * sigma**2 * (u**2 + v**2))
    planes = [
        irfft2(rfft2(rng.standard_normal(shape[1:])) * amplitude, s=shape[1:])
        for _ in range(shape[0])
    ]
    cube: np.ndarray = np.array(planes, np.float32)
    return cube / cube.std()


def add_source(data: np.ndarray, rng: np.random.Generator) -> None:
    """One source, anywhere, of up to twice the beam's size and 3 to 12 channels."""
    chan, ny, nx = data.shape
    k, y, x = rng.uniform(0.1, 0.9, 3) * data.shape
    size = rng.choice([0.0, 1.0, 2.0]) * BEAM_PX
    sigma, width = np.hypot(size, BEAM_PX) / FWHM_PER_SIGMA, rng.uniform(3, 12) / FWHM_PER_SIGMA
    reach = int(4 * sigma)
    rows, columns = (
        slice(max(int(at) - reach, 0), min(int(at) + reach + 1, n)) for at, n in ((y, ny), (x, nx))
    )
    dy, dx = np.arange(rows.start, rows.stop) - y, np.arange(columns.start, columns.stop) - x
    image = np.exp(-0.5 * (dy[:, None] ** 2 + dx**2) / sigma**2)
    line = rng.uniform(6, 30) * np.exp(-0.5 * ((np.arange(chan) - k) / width) ** 2)
    data[:, rows, columns] += (line[:, None, None] * image).astype(np.float32)


def cube_of(number: int, channels: int, size: int) -> Cube:
    """A cube with so many sources."""
    rng = np.random.default_rng(number)
    data = noise((channels, size, size), rng)
    for _ in range(number):
        add_source(data, rng)
    return restored(data, BEAM_PX)


def restored(data: np.ndarray, beam_px: float) -> Cube:
    """A cube (chan, y, x) with a round restoring beam, its noise 1 mJy/beam where data has 1."""
    grid = tangent_grid(
        ra_deg=60.0,
        dec_deg=-35.0,
        size=data.shape[1],
        cell_arcsec=0.1,
        freq_hz=230e9 + 1e6 * np.arange(len(data)),
        rest_hz=230e9,
    )
    return Cube(1e-3 * data, grid, beam=Beam(0.1 * beam_px, 0.1 * beam_px, 0.0))


def main() -> None:
    """Print one row for each number of sources."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=1000)
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--size", type=int, default=768)
    chosen = parser.parse_args()
    finder = DeepFocus().ready()
    print(
        "| sources | found | CPU s | beyond an empty cube | exponent |\n|---:|---:|---:|---:|---:|"
    )
    empty, before = 0.0, (0, 0.0)
    for number in (n for n in NUMBERS if n <= chosen.most):
        cube = cube_of(number, chosen.channels, chosen.size)
        start = time.process_time()
        found = len(finder.find(cube).catalogue.accepted)
        seconds = time.process_time() - start
        empty = seconds if number == 0 else empty
        beyond = seconds - empty
        grown = before[0] > 0 and before[1] > 0 and beyond > 0
        exponent = np.log(beyond / before[1]) / np.log(number / before[0]) if grown else np.nan
        print(f"| {number} | {found} | {seconds:.1f} | {beyond:.1f} | {exponent:.2f} |", flush=True)
        before = number, beyond


if __name__ == "__main__":
    main()
