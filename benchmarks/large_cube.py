"""Write a dirty cube of any size, plane by plane, for measurements of what `detect` takes.

    python benchmarks/large_cube.py OUT/NAME.fits --channels 512 --size 2048 --sources 200

The dirty beam is that of the set `paper`, known as far as the image goes from any source in it, as
`deepfocus dirty` makes it; there is no primary beam, as in a mosaic, so that sources
may lie anywhere. Noise is thermal, its autocorrelation the beam of the middle of the band. Sources
are points and Gaussians with lines of 3 to 20 channels; their places stand in NAME.truth.ecsv.

--seams P : places lie on multiples of P pixels, where windows may end
--only-lit : noise is written in channels with a line alone; the others are a hole of the file
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.io import fits
from scipy.fft import irfft2, rfft2

import deepfocus as df
from deepfocus.core.catalogue import catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.image import Part, add_model
from deepfocus.fit.parameters import CHANNEL, COUNT, CXX, CYY, FLUX, PEAK_PER_FLUX, SIGMA, X, Y
from deepfocus.forward.response import Response, response_of
from deepfocus.io.write_cube import write_cube

NOISE_JY = 1e-3
TOGETHER = 16
"""Planes that are made at once."""
BLOCK = 2880
"""Bytes of a block of a FITS file."""


def beams_of(size: int, channels: int) -> Cube:
    """A cube without data of that shape, with the set's beams."""
    made = df.simulate({"observation": {"size": size, "channels": 8}}, seed=1).cube
    freq_hz = np.linspace(made.grid.freq_hz[0], made.grid.freq_hz[-1], channels)
    ra_deg, dec_deg = (float(each) for each in made.grid.sky.wcs.crval)
    grid = tangent_grid(
        ra_deg=ra_deg,
        dec_deg=dec_deg,
        size=size,
        cell_arcsec=made.grid.cell_arcsec,
        freq_hz=freq_hz,
        rest_hz=float(freq_hz.mean()),
    )
    assert made.psf is not None
    assert made.psf_channels is not None
    return Cube(
        data=np.broadcast_to(np.float32(0), grid.shape),
        grid=grid,
        beam=made.beam,
        psf=made.psf,
        psf_channels=made.psf_channels * (channels - 1) / 7,
    )


def sources_of(cube: Cube, options: argparse.Namespace) -> np.ndarray:
    """(n, 12) components, apart from each other where they are in the same channels."""
    rng = np.random.default_rng(options.seed)
    n, channels, size = options.sources, options.channels, options.size
    beam_px = cube.beam_px or 8.0
    rows = np.zeros((n, COUNT))
    edge = int(4 * beam_px)
    if options.seams:
        on = np.arange(-(-edge // options.seams), (size - edge) // options.seams + 1)
        rows[:, X] = options.seams * rng.choice(on, n) + rng.uniform(-1, 1, n)
        rows[:, Y] = rng.uniform(edge, size - edge, n)
        turned = rng.random(n) < 0.5
        rows[turned, X], rows[turned, Y] = rows[turned, Y], rows[turned, X]
    else:
        rows[:, [X, Y]] = rng.uniform(edge, size - edge, (n, 2))
    rows[:, CHANNEL] = rng.uniform(0.05, 0.95, n) * channels
    width = rng.uniform(3, min(20, channels / 8), n)
    rows[:, SIGMA] = width / FWHM_PER_SIGMA
    rows[:, [CXX, CYY]] = (rng.choice([0.0, 0.7], n) * beam_px / FWHM_PER_SIGMA)[:, None] ** 2
    # of a point's matched filter: the noise of `width` channels together
    snr = np.exp(rng.uniform(np.log(8), np.log(100), n))
    snr[0] = 300.0
    peak = snr * NOISE_JY / np.sqrt(width * 1.06 / np.sqrt(2))
    extended = 1 + rows[:, CXX] * (FWHM_PER_SIGMA / beam_px) ** 2
    rows[:, FLUX] = peak * extended * rows[:, SIGMA] / PEAK_PER_FLUX
    return rows


def planes(cube: Cube, response: Response, rows: np.ndarray, only_lit: bool, seed: int):
    """Blocks of planes (some, y, x), None where no channel has a line and holes are wanted."""
    channels, ny, nx = cube.grid.shape
    beam = response.dirty_beam[len(response.dirty_beam) // 2]
    inner = tuple(
        slice((a - b) // 2, (a + b) // 2) for a, b in zip(beam.shape, (ny, nx), strict=True)
    )
    power = rfft2(np.fft.ifftshift(beam[inner]))
    amplitude = np.sqrt(np.maximum(power.real, 0.0)).astype(np.float32)
    amplitude /= np.sqrt(np.mean(amplitude[:, 1:-1] ** 2))
    reach = 5 * rows[:, SIGMA] + 1
    for first in range(0, channels, TOGETHER):
        last = min(first + TOGETHER, channels)
        near = (rows[:, CHANNEL] + reach > first) & (rows[:, CHANNEL] - reach < last)
        if only_lit and not near.any():
            yield np.empty((0, ny, nx), np.float32), last - first
            continue
        rng = np.random.default_rng([seed, first])
        block = np.empty((last - first, ny, nx), np.float32)
        for plane in block:
            white = rfft2(rng.standard_normal((ny, nx), dtype=np.float32))
            plane[:] = NOISE_JY * irfft2(white * amplitude, s=(ny, nx))
        shifted = rows[near].copy()
        shifted[:, CHANNEL] -= first
        inside = response.within(slice(first, last), slice(0, ny), slice(0, nx))
        add_model(block, [Part(shifted)], inside)
        yield block, last - first


def header_of(cube: Cube, path: Path) -> fits.Header:
    """That of the cube, its beams written beside it."""
    channels, ny, nx = cube.grid.shape
    middle = cube.grid.cropped(y0=ny // 2 - 1, x0=nx // 2 - 1, ny=2, nx=2)
    small = replace(cube, data=np.zeros((channels, 2, 2), np.float32), grid=middle)
    write_cube(small, path)
    header = fits.getheader(path)
    header["NAXIS1"], header["NAXIS2"] = nx, ny
    header["CRPIX1"], header["CRPIX2"] = nx // 2 + 1, ny // 2 + 1
    header["DFNOISE"] = "thermal"
    return header


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    for name, default in (("channels", 128), ("size", 512), ("sources", 20), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seams", type=int, default=0)
    parser.add_argument("--only-lit", action="store_true")
    options = parser.parse_args()
    cube = beams_of(options.size, options.channels)
    response = response_of(cube)
    rows = sources_of(cube, options)
    header = header_of(cube, options.out)
    with options.out.open("wb") as file:
        file.write(header.tostring().encode("ascii"))
        for block, n in planes(cube, response, rows, options.only_lit, options.seed):
            if len(block):
                file.write(block.astype(">f4").tobytes())
            else:
                file.seek(n * 4 * options.size**2, 1)
        file.truncate(-(-file.tell() // BLOCK) * BLOCK)
    truth = catalogue(
        rows=len(rows),
        x=rows[:, X],
        y=rows[:, Y],
        channel=rows[:, CHANNEL],
        line_fwhm_chan=FWHM_PER_SIGMA * rows[:, SIGMA],
    )
    df.write(truth, options.out.with_name(f"{options.out.stem}.truth.ecsv"))


if __name__ == "__main__":
    main()
