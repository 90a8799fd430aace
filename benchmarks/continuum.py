"""From which band-integrated signal-to-noise on a search should do without the continuum.

    python benchmarks/continuum.py --cubes 60

Cubes of noise that a Gaussian beam correlates, with nothing, with three faint lines each, and with
the same lines on continuum of 3 to 30 sigma of the band, beside as many sources of continuum alone.
For each threshold: false groups of peaks, and the ideal signal-to-noise at which half of the lines
are found. A search takes a level away; bright continuum, with a spectral index, is subtracted by
the finder before it searches, and what that has of such cubes without lines is counted as well.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

from measuring import ONE_THREAD

CHANNELS, SIZE, BEAM_PX = 64, 96, 6.0
THRESHOLDS = (0.0, 3.0, 4.0, 5.0, 6.0, 1e9)
FALSE_PEAKS = 0.01


def main() -> None:
    import numpy as np

    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--cubes", type=int, default=60)
    options.add_argument("--seed", type=int, default=100_000)
    asked = options.parse_args()
    print(f"{asked.cubes} cubes of {CHANNELS}x{SIZE}x{SIZE}, seeds from {asked.seed}")
    print("| cubes | " + " | ".join(_named(t) for t in THRESHOLDS) + " |")
    print("|---|" + "---:|" * len(THRESHOLDS))
    for kind in ("noise", "lines", "lines on continuum"):
        false = np.zeros(len(THRESHOLDS), int)
        found: list[list[bool]] = [[] for _ in THRESHOLDS]
        snr: list[float] = []
        for seed in range(asked.seed, asked.seed + asked.cubes):
            cube, lines = _cube(kind, np.random.default_rng(seed))
            snr += [line.snr for line in lines]
            for i, threshold in enumerate(THRESHOLDS):
                hits, wrong = _searched(cube, lines, threshold)
                found[i] += hits
                false[i] += wrong
        print(f"| {kind}: false | " + " | ".join(map(str, false)) + " |", flush=True)
        if snr:
            half = [_half_complete(np.array(snr), np.array(each)) for each in found]
            print(f"| {kind}: half complete at | " + " | ".join(f"{h:.1f}" for h in half) + " |")
    print("\n| continuum alone | cubes | sources of the finder |\n|---|---:|---:|")
    cubes = max(asked.cubes // 6, 1)
    for brightness, index in ((30, 3.0), (300, 0.7), (1000, 0.7), (1000, 3.0), (8000, 3.0)):
        wrong = sum(
            _sources(_bright_continuum(brightness, index, np.random.default_rng(seed)))
            for seed in range(asked.seed, asked.seed + cubes)
        )
        print(f"| {brightness} sigma, index {index} | {cubes} | {wrong} |", flush=True)


@dataclass(frozen=True)
class Line:
    x: float
    y: float
    channel: float
    width: float
    size: float
    snr: float


def _cube(kind, rng):
    import numpy as np

    cube = _noise(rng)
    if kind == "noise":
        return cube, []
    lines = []
    for _ in range(3):
        x, y = rng.uniform(10, SIZE - 10, 2)
        line = Line(
            x,
            y,
            rng.uniform(6, CHANNELS - 7),
            3 * (20 / 3) ** rng.uniform(),
            rng.choice([0.0, 0.5, 1.0]) * BEAM_PX,
            rng.uniform(4, 10),
        )
        lines.append(line)
        image = _image(line.x, line.y, line.size)
        profile = np.exp(-4 * np.log(2) * ((np.arange(CHANNELS) - line.channel) / line.width) ** 2)
        # ideal SNR^2 of a Gaussian in noise of the beam's own correlation, per unit peak
        area = (BEAM_PX**2 + line.size**2) / BEAM_PX**2
        power = area**2 * BEAM_PX**2 / (BEAM_PX**2 + 2 * line.size**2) * np.sum(profile**2)
        cube += line.snr / np.sqrt(power) * profile[:, None, None] * image
        if kind == "lines on continuum":
            band = np.exp(rng.uniform(np.log(3), np.log(30))) / np.sqrt(CHANNELS)
            cube += band * image
    if kind == "lines on continuum":
        for _ in range(3):
            x, y = rng.uniform(10, SIZE - 10, 2)
            band = np.exp(rng.uniform(np.log(3), np.log(30))) / np.sqrt(CHANNELS)
            cube += band * _image(x, y, rng.choice([0.0, 0.5, 1.0]) * BEAM_PX)
    return cube.astype(np.float32), lines


def _bright_continuum(brightness, index, rng):
    import numpy as np

    frequency = 1 + 0.1 * (np.arange(CHANNELS) / (CHANNELS - 1) - 0.5)
    spectrum = brightness / np.sqrt(CHANNELS) * frequency**index
    cube = _noise(rng) + spectrum[:, None, None] * _image(*rng.uniform(20, SIZE - 20, 2), 0.0)
    return cube.astype(np.float32)


def _noise(rng):
    import numpy as np
    from scipy.fft import irfft2, rfft2

    sigma = BEAM_PX / np.sqrt(2) / np.sqrt(8 * np.log(2))
    v, u = np.fft.fftfreq(SIZE)[:, None], np.fft.rfftfreq(SIZE)[None]
    passed = np.exp(-2 * np.pi**2 * sigma**2 * (u**2 + v**2))
    white = rng.standard_normal((CHANNELS, SIZE, SIZE))
    noise = irfft2(rfft2(white) * passed, (SIZE, SIZE))
    return noise / np.sqrt(4 * np.pi * sigma**2) ** -1


def _image(x, y, size):
    import numpy as np

    at = np.arange(SIZE)
    fwhm = np.hypot(BEAM_PX, size)
    return np.exp(-4 * np.log(2) * ((at[:, None] - y) ** 2 + (at[None] - x) ** 2) / fwhm**2)


def _sources(data):
    """How many sources the finder accepts, all of them wrong."""
    from crowded import restored

    from deepfocus.finders.deepfocus.finder import DeepFocus

    return len(DeepFocus().ready().find(restored(data, BEAM_PX)).catalogue.accepted)


def _searched(cube, lines, threshold):
    """Which lines were found, and how many groups of peaks hold none."""
    import numpy as np

    from deepfocus.search.bank import bank_of
    from deepfocus.search.first_filter import PixelItself
    from deepfocus.search.noise_map import noise_map
    from deepfocus.search.search import search

    noise = noise_map(cube, correlated_px=BEAM_PX, emission=np.zeros(cube.shape, bool))
    bank = bank_of(CHANNELS, BEAM_PX, finest_px=BEAM_PX / np.sqrt(2))
    found = search(
        cube,
        noise,
        bank,
        PixelItself(bank.steps_px[0]),
        false_peaks=FALSE_PEAKS,
        continuum_snr=threshold,
    )
    hits = [False] * len(lines)
    wrong: list[tuple[float, float]] = []
    for peak in found.peaks:
        near = [
            i
            for i, line in enumerate(lines)
            if np.hypot(peak.x - line.x, peak.y - line.y)
            < np.hypot(BEAM_PX, max(line.size, peak.size_px))
            and abs(peak.channel - line.channel) < max(2, line.width, peak.width_chan)
        ]
        for i in near:
            hits[i] = True
        if not near and not any(np.hypot(peak.x - x, peak.y - y) < 2 * BEAM_PX for x, y in wrong):
            wrong.append((peak.x, peak.y))
    return hits, len(wrong)


def _half_complete(snr, found):
    """Middle of a cumulative Gaussian through the detections, by maximum likelihood."""
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import ndtr

    def cost(p):
        share = np.clip(ndtr((snr - p[0]) / abs(p[1])), 1e-6, 1 - 1e-6)
        return -np.sum(np.where(found, np.log(share), np.log(1 - share)))

    return float(minimize(cost, [6.0, 1.0], method="Nelder-Mead").x[0])


def _named(threshold):
    return {0.0: "always without", 1e9: "never"}.get(threshold, f"above {threshold:g}")


if __name__ == "__main__":
    os.environ.update(ONE_THREAD)
    main()
