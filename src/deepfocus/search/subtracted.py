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


def subtracted_of(sample: Sample, sigma: np.ndarray, *, correlated_px: float) -> Projection | None:
    """Of spectra in units of their noise; None where nothing was subtracted, or nobody can tell.

    sigma : (chan,) noise, infinite in channels without data
    correlated_px : FWHM of the beam that correlates the noise; 0 for white noise
    """
    known = np.flatnonzero(np.isfinite(sigma))
    spectra = sample.values.reshape(len(sigma), -1)[known]
    spectra = spectra[:, np.isfinite(spectra).all(axis=0) & spectra.any(axis=0)]
    together = max(1.13 * correlated_px**2 / 2 / sample.step**2, 1.0)
    bins = int(
        min(len(known) / CHANNELS_A_BIN, spectra.shape[1] / together / SPECTRA_A_BIN, MOST_BINS)
    )
    if bins < FEWEST_BINS:
        return None
    starts = np.linspace(0, len(known), bins + 1).astype(int)[:-1]
    noise = np.sqrt(np.add.reduceat(sigma[known].astype(float) ** 2, starts))
    summed = np.add.reduceat(spectra, starts, axis=0, dtype=float) / noise[:, None]
    covariance = summed @ summed.T / summed.shape[1]
    values, vectors = np.linalg.eigh(covariance)
    zero = vectors[:, values < ZERO]
    numbers = zero.shape[1]
    if not 0 < numbers <= MOST_NUMBERS:
        return None
    channels = np.polynomial.legendre.legvander(np.linspace(-1, 1, len(sigma)), numbers - 1)[known]
    onto = np.add.reduceat(channels, starts, axis=0) / noise[:, None]
    if not _is_fit(zero, onto, covariance):
        return None
    weights = zero @ np.linalg.inv(onto.T @ zero)
    of_bin = np.repeat(np.arange(bins), np.diff([*starts, len(known)]))
    return Projection(
        _of_all(channels / sigma[known, None], known, len(sigma)),
        _of_all((weights / noise[:, None])[of_bin] * sigma[known, None], known, len(sigma)),
    )


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
