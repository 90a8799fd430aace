"""The limit of one Gaussian source in a cube whose noise is known, from the cube's own beams."""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft2

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import DirtyBeam, Noise, White
from deepfocus.core.source import FWHM_PER_SIGMA, Source
from deepfocus.forward.deformations import GaussianShape
from deepfocus.forward.kernels import Kernels, visibility_kernels, white_kernels
from deepfocus.forward.limit import Limit, LineSpectra, limit_of, patch_around, spatial_information
from deepfocus.forward.response import Response, gaussian_transform

REACH_FWHM = 2.0
"""Half a side of the patch around a source: 1e-5 of its light is outside."""
REACH_OF_A_POINT_PX = 24
"""Half a side of the patch around a source that is smaller than its pixels."""


def limit_in(
    source: Source, response: Response, noise: Noise, *, plane: np.ndarray | None = None
) -> Limit:
    """The limit of a source's line, at mid band.

    plane : map of offsets in pixels to those in which sizes and angle count, as `GaussianShape` has

    Raises `DeepFocusError` if the power or the level of the noise is unknown.
    """
    if noise.sigma_jy_beam is None:
        raise DeepFocusError(
            "the noise level is unknown",
            wanted="its standard deviation in every channel",
            remedy="measure it first",
        )
    channels = response.interpolation.shape[1]
    sigma = np.broadcast_to(noise.sigma_jy_beam, channels)
    shape = GaussianShape(source, plane)
    rows, columns = patch_around(source, _reach_px(source), (response.ny, response.nx))
    on_sky = irfft2(gaussian_transform(response.padded, source), s=response.padded)
    on_patch = on_sky[None, rows, columns]
    primary = response.padded_primary_beam
    middle = min(len(response.interpolation) // 2, len(primary) - 1)
    spatial = spatial_information(
        on_patch,
        x=source.x - columns.start,
        y=source.y - rows.start,
        shape=shape,
        primary_beam=primary[middle, rows, columns],
        kernels=_kernels(source, response, noise, reach=max(on_patch.shape[1:]) - 1),
    )
    spectra = _spectra(source, channels) / sigma
    line = LineSpectra(*(each[None] for each in spectra))
    return limit_of(spatial, line, width_chan=source.fwhm_chan, shape=shape)


def ideal_snr(source: Source, response: Response, noise: Noise) -> float:
    """SNR of a source's line, without its continuum, for an ideal observer.

    Raises `DeepFocusError` as `limit_in` does.
    """
    return limit_in(source, response, noise).snr


def _kernels(source: Source, response: Response, noise: Noise, *, reach: int) -> Kernels:
    beam = _squared(response.dirty_beam[len(response.dirty_beam) // 2])
    if isinstance(noise.power, White):
        shape = (response.ny, response.nx)
        return white_kernels(beam, x=source.x, y=source.y, shape=shape, reach=reach)
    if isinstance(noise.power, DirtyBeam):
        return visibility_kernels(beam, loss=1.0, reach=reach)
    raise DeepFocusError(
        f"an ideal signal-to-noise in noise of the kind {type(noise.power).__name__}",
        wanted="white noise, or noise of visibilities with equal weights",
        remedy="observe with natural weighting and no taper, or add white noise",
    )


def _squared(beam: np.ndarray) -> np.ndarray:
    """A beam (y, x) with as many rows as columns, 0 where it is not known."""
    size = max(beam.shape)
    before = [size // 2 - n // 2 for n in beam.shape]
    return np.pad(beam, [(b, size - n - b) for b, n in zip(before, beam.shape, strict=True)])


def _reach_px(source: Source) -> int:
    major = max(source.fwhm_x_px, source.fwhm_y_px)
    return max(int(np.ceil(REACH_FWHM * major)), REACH_OF_A_POINT_PX)


def _spectra(source: Source, channels: int) -> np.ndarray:
    """(4, chan) total, line, and its derivatives by centre and by ln width at the same flux."""
    line = source.line_jy * source.line(channels)
    offset = (np.arange(channels) - source.channel) * FWHM_PER_SIGMA / source.fwhm_chan
    by_channel = line * offset * FWHM_PER_SIGMA / source.fwhm_chan
    return np.stack([line + source.continuum_jy, line, by_channel, line * (offset**2 - 1)])
