"""Whether a continuum was subtracted from all spectra alike, and to which channels it was fitted.

A fit of a polynomial leaves spectra in which as many sums over its channels as it has numbers are
zero, wherever one looks, whatever else the spectra hold. So the covariance of channels over the
image has as many eigenvalues of zero, and their eigenvectors are the channels that were used.

Beyond these channels such a fit leaves its own noise, the same in all of them: no channel shows it,
but a broad line sees twice the noise of independent channels there. And of a line within them it
takes a part. Once the same polynomial, fitted to all channels, is taken from the spectra again, the
first is gone, and the second is a straight line, too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.voxels import Changeable, channel_blocks
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
ORTHONORMAL = 1e-6
"""What rounding leaves of products of polynomials where no channel is blank."""
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

    def of_channels(self, marks: np.ndarray) -> np.ndarray:
        """(known,) what bins (bins,) say of their channels."""
        each: np.ndarray = np.repeat(marks, np.diff([*self.starts, len(self.known)]))
        return each


@dataclass(frozen=True, eq=False)
class Subtracted:
    """A polynomial of so many numbers, fitted to channels (chan,) bool."""

    numbers: int
    channels: np.ndarray


def subtracted_of(sample: Sample, sigma: np.ndarray, *, correlated_px: float) -> Subtracted | None:
    """None where nothing was subtracted, or nobody can tell.

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
    if not _is_fit(zero, bins.summed(polynomials), bins.covariance):
        return None
    # one over the number of channels that were fitted, or more
    leverage = np.sum(zero**2, axis=1)
    fitted = leverage > LEAST_LEVERAGE * numbers / len(leverage)
    channels = np.zeros(len(sigma), bool)
    channels[bins.known] = bins.of_channels(fitted)
    return Subtracted(numbers, channels)


def take(taken: Projection, data: Changeable, sigma: np.ndarray, values_at_once: int) -> None:
    """What is fitted to all channels of each pixel of a cube (chan, y, x), in place.

    sigma : (chan,) its noise, in units of which the projection is; blank voxels take no part
    """
    basis, unit = taken.basis, np.where(np.isfinite(sigma), sigma, 1.0)[:, None]
    parts = basis.shape[1]
    seen, squares = np.zeros((*data.shape[1:], parts)), np.zeros((*data.shape[1:], parts, parts))
    blocks = list(channel_blocks(data.shape, values_at_once))
    for block in blocks:
        part = data[block]
        known = np.isfinite(part)
        in_noise = basis[block] / unit[block]
        seen += np.tensordot(np.where(known, part, 0.0), in_noise, axes=(0, 0))
        pairs = basis[block, :, None] * basis[block, None]
        squares += np.tensordot(known.astype(float), pairs, axes=(0, 0))
    amounts = seen
    gaps = np.abs(squares - np.eye(parts)).max(axis=(2, 3)) > ORTHONORMAL
    inverse = np.linalg.pinv(squares[gaps], hermitian=True)
    amounts[gaps] = np.einsum("nij,nj->ni", inverse, seen[gaps])
    for block in blocks:
        fitted = np.tensordot(basis[block] * unit[block], amounts, axes=(1, 2))
        data[block] = data[block] - fitted.astype(np.float32)


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
