"""The SNR of an ideal observer, who knows a source's template and everything else in the cube.

S^2 = sum over channels of s_k^2 q / sigma_k^2. Here s_k is the flux density in a channel, sigma_k
the noise of a pixel, and q = d' N^-1 d, with d the dirty image of a unit source and N the noise
correlation. No finder can do better.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft2

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.noise import DirtyBeam, Noise, White
from deepfocus.core.source import Source
from deepfocus.forward.response import Response, gaussian_transform


def ideal_snr(source: Source, response: Response, noise: Noise) -> float:
    """SNR of a source's line, without its continuum.

    Raises `DeepFocusError` if the power or the level of the noise is unknown.
    """
    sigma = noise.sigma_jy_beam
    if sigma is None:
        raise DeepFocusError(
            "the noise level is unknown",
            wanted="its standard deviation in every channel",
            remedy="measure it first",
        )
    channels = response.interpolation.shape[1]
    flux_jy = source.line_jy * source.line(channels)
    weights = np.broadcast_to(sigma, channels) ** -2
    return float(np.sqrt(np.sum(flux_jy**2 * weights) * unit_power(source, response, noise)))


def unit_power(source: Source, response: Response, noise: Noise) -> float:
    """q of the module's formula, at mid band: 1 for a point at the field centre in thermal noise.

    White noise: N = 1, so q is the sum of the squared dirty image. Thermal noise with equal
    weights: N is the dirty beam B, and d = B i with i the sky attenuated by the primary beam, so
    q = i' B i, the product of i with its own dirty image.
    """
    middle = len(response.interpolation) // 2
    dirty = response.of_source(source)[middle]
    if isinstance(noise.power, White):
        return float(np.sum(dirty.astype(float) ** 2))
    if isinstance(noise.power, DirtyBeam):
        on_sky = irfft2(gaussian_transform(response.padded, source), s=response.padded)
        primary = response.padded_primary_beam
        attenuated = (on_sky * primary[min(middle, len(primary) - 1)])[: response.ny, : response.nx]
        return float(np.sum(attenuated * dirty))
    raise DeepFocusError(
        f"an ideal signal-to-noise in noise of the kind {type(noise.power).__name__}",
        wanted="white noise, or noise of visibilities with equal weights",
        remedy="observe with natural weighting and no taper, or add white noise",
    )
