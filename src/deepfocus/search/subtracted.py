"""What was subtracted from all spectra alike before we see them, and what noise that leaves.

A continuum that is fitted to some channels and subtracted from all takes its own noise with it: in
the channels that it was fitted to there is less, and beyond them more, the same in all of them. No
channel shows that, but a broad line sees twice the noise of independent channels there.

A fit of a polynomial leaves spectra in which as many sums over its channels as it has numbers are
zero, wherever one looks, whatever else the spectra hold. So the covariance of channels over the
image has as many eigenvalues of zero. Their eigenvectors say all of it: which channels were used,
and how. With X the polynomials, and V what is zero, the fit was V (X^T V)^-1, and X times that is
what it took away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.search.continuum import Projection
from deepfocus.search.noise_map import Sample

MOST_BINS, FEWEST_BINS = 128, 8
"""Of channels: so that few spectra tell, and neighbours are nearly independent."""
CHANNELS_A_BIN = 2
SPECTRA_A_BIN = 8.0
"""Independent ones: the least eigenvalue of noise is then 0.42 of its mean (Marchenko and Pastur
1967)."""
ZERO = 0.15
"""Variance, of independent channels', that is none: edges of bins, and a field that is not flat."""
MOST_NUMBERS = 3
"""Of a fit: a parabola."""
NOT_ALONG = 0.05
"""Cosine between what is zero and a polynomial: below, it is something else."""
LEAST_LEVERAGE = 0.25
"""Of a channel that was fitted, of the mean if all were."""
AS_SEEN = 0.5
"""Of the variance of polynomials that such a fit leaves, there has to be at least that."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Channels with data, some together, and how their sums vary over the image.

    known : (n,) the channels; starts : (bins,) of them; noise : (bins,) of their sums
    covariance : (bins, bins) in units of that
    """

    known: np.ndarray
    starts: np.ndarray
    noise: np.ndarray
    covariance: np.ndarray

    def summed(self, spectra: np.ndarray) -> np.ndarray:
        """(bins, n) in units of the noise, of spectra of channels with data (known, n)."""
        return _summed(spectra, self.starts, self.noise)

    def over_channels(self, weights: np.ndarray) -> np.ndarray:
        """(known, n) weights of channels that sum to those of bins (bins, n)."""
        of_bin = np.repeat(np.arange(len(self.starts)), np.diff([*self.starts, len(self.known)]))
        each: np.ndarray = weights / self.noise[:, None]
        return each[of_bin]


def subtracted_of(sample: Sample, sigma: np.ndarray, *, correlated_px: float) -> Projection | None:
    """Of spectra in units of their noise; None where nothing was subtracted, or nobody can tell.

    sigma : (chan,) noise, infinite in channels without data
    correlated_px : FWHM of the beam that correlates the noise; 0 for white noise
    """
    bins = _bins_of(sample, sigma, correlated_px)
    if bins is None:
        return None
    values, vectors = np.linalg.eigh(bins.covariance)
    zero = vectors[:, values < ZERO]
    numbers = zero.shape[1]
    if not 0 < numbers <= MOST_NUMBERS:
        return None
    at = np.linspace(-1, 1, len(sigma))[bins.known]
    polynomials = np.polynomial.legendre.legvander(at, numbers - 1)
    onto = bins.summed(polynomials)
    if not _is_fit(zero, onto, bins.covariance):
        return None
    along = bins.over_channels(zero @ np.linalg.inv(onto.T @ zero))
    of_known = sigma[bins.known, None]
    return Projection(
        _of_all(polynomials / of_known, bins.known, len(sigma)),
        _of_all(along * of_known, bins.known, len(sigma)),
    )


def _bins_of(sample: Sample, sigma: np.ndarray, correlated_px: float) -> Bins | None:
    """As many as independent spectra tell apart, of those with data in all channels."""
    known = np.flatnonzero(np.isfinite(sigma))
    spectra = sample.values.reshape(len(sigma), -1)[known]
    spectra = spectra[:, np.isfinite(spectra).all(axis=0) & spectra.any(axis=0)]
    together = max(1.13 * correlated_px**2 / 2 / sample.step**2, 1.0)
    independent = spectra.shape[1] / together
    number = int(min(len(known) / CHANNELS_A_BIN, independent / SPECTRA_A_BIN, MOST_BINS))
    if number < FEWEST_BINS:
        return None
    starts = np.linspace(0, len(known), number + 1).astype(int)[:-1]
    noise = np.sqrt(np.add.reduceat(sigma[known].astype(float) ** 2, starts))
    summed = _summed(spectra, starts, noise)
    return Bins(known, starts, noise, summed @ summed.T / summed.shape[1])


def _summed(spectra: np.ndarray, starts: np.ndarray, noise: np.ndarray) -> np.ndarray:
    sums: np.ndarray = np.add.reduceat(spectra, starts, axis=0, dtype=float) / noise[:, None]
    return sums


def fitted_channels(subtracted: Projection) -> np.ndarray:
    """(chan,) bool, to which channels that was fitted which was subtracted.

    By the leverage of each, which is one over their number or more, and 0 in the others.
    """
    basis, _ = np.linalg.qr(subtracted.along)
    leverage = np.sum(basis**2, axis=1)
    fitted: np.ndarray = leverage > LEAST_LEVERAGE * basis.shape[1] / len(basis)
    return fitted


def _is_fit(zero: np.ndarray, onto: np.ndarray, covariance: np.ndarray) -> bool:
    """Whether what is zero in binned spectra is what a fit of polynomials left, not aught else."""
    polynomials, _ = np.linalg.qr(onto)
    if np.linalg.svd(polynomials.T @ zero, compute_uv=False).min() < NOT_ALONG:
        return False
    weights = zero @ np.linalg.inv(polynomials.T @ zero)
    # of a polynomial there is left, of white noise: itself less the weights
    due = np.sum((polynomials - weights) ** 2, axis=0)
    seen = np.sum(polynomials * (covariance @ polynomials), axis=0)
    return bool(np.all(seen >= AS_SEEN * due - ZERO))


def _of_all(values: np.ndarray, known: np.ndarray, channels: int) -> np.ndarray:
    """(channels, parts) with 0 where nothing is known."""
    out = np.zeros((channels, values.shape[1]))
    out[known] = values
    return out
