"""Spectra without their continuum: the part that is orthogonal to a straight line over the band.

Nothing is subtracted from a pixel by its own channels being masked: masks confirm the noise that
they find. A projection costs a line only what a continuum really hides of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import is_image

ORDER = 1


@dataclass(frozen=True, eq=False)
class Projection:
    """The projection of spectra, in units of their noise, off polynomials over the band.

    basis : (chan, order + 1) orthonormal columns; 0 in channels without data
    """

    basis: np.ndarray

    def of(self, spectra: np.ndarray) -> np.ndarray:
        """(chan, n) spectra without their continuum."""
        basis = self.basis.astype(spectra.dtype)
        left: np.ndarray = spectra - basis @ (basis.T @ spectra)
        return left

    @property
    def share_left(self) -> np.ndarray:
        """(chan,) variance of white noise that is left in each channel."""
        left: np.ndarray = 1 - np.sum(self.basis**2, axis=1)
        return left

    def correlation(self, lags: int) -> np.ndarray:
        """(lags,) correlation that it gives to white noise, over its mean variance; 0 at lag 0.

        The mean is over channels with data: blank ones take no part in it.
        """
        known = np.any(self.basis != 0, axis=1)
        correlation = np.zeros(lags)
        for lag in range(1, min(lags, len(known))):
            pairs = known[lag:] & known[:-lag]
            if pairs.any():
                off = np.mean(np.sum(self.basis[lag:] * self.basis[:-lag], axis=1)[pairs])
                correlation[lag] = -off / np.mean(self.share_left[known])
        return correlation


def projection_of(sigma: np.ndarray, order: int = ORDER) -> Projection:
    """The projection for noise sigma (chan,), infinite in channels without data.

    That of an image of few channels takes nothing away: it would take the lines.
    """
    at = np.linspace(-1, 1, len(sigma))
    weight = np.where(np.isfinite(sigma), np.median(sigma[np.isfinite(sigma)]) / sigma, 0.0)
    told = 0 if is_image(len(sigma)) else int(np.count_nonzero(weight))
    degree = min(order, max(told - 2, -1))
    powers = at[:, None] ** np.arange(degree + 1)
    basis = np.linalg.qr(powers.reshape(len(at), -1) * weight[:, None])[0]
    return Projection(np.where(weight[:, None] > 0, basis, 0.0))  # exactly: QR rounds
