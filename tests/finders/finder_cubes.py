"""Test cubes for any finder: point sources and discs seen with a Gaussian beam."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfocus.core.cube import Beam, Cube
from deepfocus.core.grid import tangent_grid
from deepfocus.core.noise import DirtyBeam, noise_of_level
from deepfocus.core.source import Source
from deepfocus.forward.response import response_of
from deepfocus.simulation.inject import render

BEAM = Beam(0.8, 0.6, 40.0)  # on pixels of 0.1 arcsec
SIGMA = 1e-3


def empty_cube(
    *, shape: tuple[int, int, int] = (64, 128, 128), seed: int = 1, beam: Beam | None = BEAM
) -> Cube:
    """Noise of standard deviation SIGMA, correlated like the beam, as in interferometer images."""
    chan, ny, nx = shape
    grid = tangent_grid(
        ra_deg=60.0,
        dec_deg=-35.0,
        size=max(ny, nx),
        cell_arcsec=0.1,
        freq_hz=230e9 + 1e7 * np.arange(chan),
        rest_hz=230e9,
    ).cropped(y0=0, x0=0, ny=ny, nx=nx)
    white = np.random.default_rng(seed).standard_normal(shape)
    blank = Cube(white.astype(np.float32), grid, beam=BEAM)
    # the noise's power spectrum is the beam's transform, so its amplitude is the square root
    transfer = np.sqrt(np.abs(response_of(blank).transfer[0]))
    padded = np.zeros((chan, *response_of(blank).padded))
    padded[:, :ny, :nx] = white
    noise = np.fft.irfft2(np.fft.rfft2(padded) * transfer, s=response_of(blank).padded)
    noise = noise[:, :ny, :nx]
    data = (noise * SIGMA / noise.std()).astype(np.float32)
    noise_kind = noise_of_level(DirtyBeam(), SIGMA)
    return Cube(data, grid, beam=beam, noise=noise_kind)


def cube_with(sources: Sequence[Source], **options: object) -> Cube:
    """`empty_cube` with sources added."""
    cube = empty_cube(**options)  # type: ignore[arg-type]
    whole = Cube(cube.data, cube.grid, beam=BEAM)
    return cube.with_data(cube.data + render(list(sources), response_of(whole)))


def source(
    x: float, y: float, channel: float, *, snr: float = 30.0, size_px: float = 0.0, **more: float
) -> Source:
    """A round source whose line peaks at `snr` times SIGMA if it is a point source."""
    return Source(
        x, y, size_px, size_px, 0.0, channel, more.pop("fwhm_chan", 6.0), snr * SIGMA, **more
    )
