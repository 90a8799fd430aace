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

FEWEST = 2
"""Channels with data that tell a line from a level."""


@dataclass(frozen=True, eq=False)
class Projection:
    """The projection of spectra, in units of their noise, off a level over the band.

    level : (chan,) of unit length; 0 in channels without data
    """

    level: np.ndarray

    def of(self, spectra: np.ndarray) -> np.ndarray:
        """(chan, n) spectra without their continuum."""
        level = self.level.astype(spectra.dtype)
        left: np.ndarray = spectra - level[:, None] * (level @ spectra)
        return left

    @property
    def share_left(self) -> np.ndarray:
        """(chan,) variance of white noise that is left in each channel."""
        left: np.ndarray = 1 - self.level**2
        return left

    def correlation(self, lags: int) -> np.ndarray:
        """(lags,) correlation that it gives to white noise, over its mean variance; 0 at lag 0.

        The mean is over channels with data: blank ones take no part in it.
        """
        known = self.level != 0
        correlation = np.zeros(lags)
        for lag in range(1, min(lags, len(known))):
            pairs = known[lag:] & known[:-lag]
            if pairs.any():
                off = np.mean((self.level[lag:] * self.level[:-lag])[pairs])
                correlation[lag] = -off / np.mean(self.share_left[known])
        return correlation


def projection_of(sigma: np.ndarray) -> Projection:
    """The projection for noise sigma (chan,), infinite in channels without data.

    That of an image of few channels takes nothing away: it would take the lines.
    """
    known = np.isfinite(sigma)
    weight = np.where(known, np.median(sigma[known]) / sigma, 0.0)
    if is_image(len(sigma)) or np.count_nonzero(weight) < FEWEST:
        return Projection(np.zeros_like(weight))
    return Projection(weight / np.linalg.norm(weight))
