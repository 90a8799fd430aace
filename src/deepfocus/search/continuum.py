"""Spectra without their continuum: the part that is orthogonal to a level over the band.

Nothing is subtracted from a pixel by its own channels being masked: masks confirm the noise that
they find. A projection costs a line only what a continuum really hides of it.

Not a slope: a broad line that an end of the band cuts off is nearly one. A continuum whose slope
stands out of the noise is bright, and a model with its slope was subtracted before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.channels import is_image
from deepfocus.search.banded import Banded

FEWEST = 2
"""Channels with data that tell a line from a level."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The projection of spectra, in units of their noise, off some smooth ones.

    basis : (chan, parts) orthonormal, what is taken away; 0 in channels without data
    """

    basis: np.ndarray

    def of(self, spectra: np.ndarray) -> np.ndarray:
        """(chan, n) spectra without these parts."""
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
                each = np.sum(self.basis[lag:] * self.basis[:-lag], axis=1)
                correlation[lag] = -np.mean(each[pairs]) / np.mean(self.share_left[known])
        return correlation

    def hidden(self, rows: Banded, correlation: np.ndarray) -> np.ndarray:
        """(row,) of the variance of filters: what they see less of in noise that is projected.

        correlation : (lags,) of the noise before, 1 at lag 0
        """
        correlated = correlation[0] * self.basis
        for lag, value in enumerate(correlation[1:], start=1):
            correlated[lag:] += value * self.basis[:-lag]
            correlated[:-lag] += value * self.basis[lag:]
        on, on_correlated = rows.times(self.basis), rows.times(correlated)
        hidden: np.ndarray = np.sum(
            on * (2 * on_correlated - on @ (self.basis.T @ correlated)), axis=1
        )
        return hidden


def projection_of(sigma: np.ndarray, numbers: int = 1) -> Projection:
    """The projection for noise sigma (chan,), infinite in channels without data.

    numbers : 1 for a level, 2 for a straight line, 3 for a parabola
    That of an image of few channels takes nothing away: it would take the lines.
    """
    known = np.isfinite(sigma)
    weight = np.where(known, np.median(sigma[known]) / sigma, 0.0)
    if is_image(len(sigma)) or np.count_nonzero(weight) < FEWEST * numbers:
        return Projection(np.zeros((len(sigma), 0)))
    if numbers == 1:
        return Projection((weight / np.linalg.norm(weight))[:, None])
    powers = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(sigma)), numbers - 1)
    basis, _ = np.linalg.qr(powers * weight[:, None])
    return Projection(basis)
