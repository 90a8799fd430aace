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
from deepfocus.search.banded import Banded, one_row

FEWEST = 2
"""Channels with data that tell a line from a level."""
LEAST_SHARE = 0.05
"""Of a channel's variance, for its noise to be told by what is left."""


@dataclass(frozen=True, eq=False)
class Projection:
    """A projection of spectra, in units of their noise: what is left without some of their parts.

    onto : (chan, parts) what is taken away; along : (chan, parts) how much of each a spectrum has;
        the same for an orthogonal projection. Both are 0 in channels without data
    """

    onto: np.ndarray
    along: np.ndarray

    @property
    def parts(self) -> int:
        """How many are taken away."""
        return len(self.onto.T)

    def of(self, spectra: np.ndarray) -> np.ndarray:
        """(chan, n) spectra without these parts."""
        onto, along = (each.astype(spectra.dtype) for each in (self.onto, self.along))
        left: np.ndarray = spectra - onto @ (along.T @ spectra)
        return left

    def after(self, first: Projection) -> Projection:
        """This one of what another leaves."""
        seen = first.onto - self.onto @ (self.along.T @ first.onto)
        return Projection(
            np.concatenate([seen, self.onto], axis=1),
            np.concatenate([first.along, self.along], axis=1),
        )

    @property
    def share_left(self) -> np.ndarray:
        """(chan,) variance of white noise that is left in each channel."""
        left: np.ndarray = 1 + self._covariance(0)
        return left

    def correlation(self, lags: int) -> np.ndarray:
        """(lags,) correlation that it gives to white noise; 0 at lag 0.

        The mean is over channels with data: blank ones take no part in it.
        """
        known = np.any(self.onto != 0, axis=1)
        deviation = np.sqrt(np.maximum(self.share_left, LEAST_SHARE))
        correlation = np.zeros(lags)
        for lag in range(1, min(lags, len(known))):
            pairs = known[lag:] & known[:-lag]
            if pairs.any():
                each = self._covariance(lag) / (deviation[lag:] * deviation[:-lag])
                correlation[lag] = np.mean(each[pairs])
        return correlation

    def hidden(self, rows: Banded, correlation: np.ndarray) -> np.ndarray:
        """(row,) of the variance of filters: what they see less of in noise that is projected.

        correlation : (lags,) of the noise before, 1 at lag 0; negative where more is left
        """
        correlated = correlation[0] * self.along
        for lag, value in enumerate(correlation[1:], start=1):
            correlated[lag:] += value * self.along[:-lag]
            correlated[:-lag] += value * self.along[lag:]
        taken, seen = rows.times(self.onto), rows.times(correlated)
        return _products(taken, 2 * seen - taken @ (self.along.T @ correlated))

    def added(self, row: np.ndarray) -> float:
        """To the variance of one filter (chan,) in white noise; 0 where it takes noise away."""
        white = np.ones(1)
        return float(max(-self.hidden(one_row(row), white)[0], 0.0))

    def _covariance(self, lag: int) -> np.ndarray:
        """(chan - lag,) of white noise after it, channels that are `lag` apart; without its own."""
        n = len(self.onto)
        early, late = slice(0, n - lag), slice(lag, n)
        back = _products(self.onto[early] @ (self.along.T @ self.along), self.onto[late])
        once = _products(self.onto[early], self.along[late])
        covariance: np.ndarray = back - once - _products(self.along[early], self.onto[late])
        return covariance


def projection_of(sigma: np.ndarray) -> Projection:
    """The projection off a level for noise sigma (chan,), infinite in channels without data.

    That of an image of few channels takes nothing away: it would take the lines.
    """
    known = np.isfinite(sigma)
    weight = np.where(known, np.median(sigma[known]) / sigma, 0.0)
    if is_image(len(sigma)) or np.count_nonzero(weight) < FEWEST:
        return Projection(np.zeros((len(sigma), 0)), np.zeros((len(sigma), 0)))
    level = (weight / np.linalg.norm(weight))[:, None]
    return Projection(level, level)


def _products(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) of rows, each with its own."""
    summed: np.ndarray = np.sum(some * others, axis=1)
    return summed
