"""What a fit's parameters scatter by, and what a component's line adds to it."""

from __future__ import annotations

import numpy as np

from deepfocus.fit.equations import score_covariance
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, FLUX, SIGMA, SLOPE
from deepfocus.fit.patch import Problem
from deepfocus.fit.spectra import ONE_CHANNEL_SIGMA


def sandwich(
    problem: Problem, values: np.ndarray, information: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """(n, 12, n, 12) H^-1 M H^-1 of the free parameters, NaN of the others.

    information : (12 n, 12 n) H. A size that is held at its bound counts as free. What has no
        information has no variance either: NaN
    """
    at = np.flatnonzero(free.ravel() & (np.diag(information) > 0))
    both, known = np.ix_(at, at), np.diag(_known_of_narrow(values)[at])
    inverse = inverse_of(information[both] + known)
    covariance = np.full(information.shape, np.nan)
    covariance[both] = inverse @ (score_covariance(problem, values)[both] + known) @ inverse
    return covariance.reshape(*free.shape, *free.shape)


def _known_of_narrow(values: np.ndarray) -> np.ndarray:
    """(12 n,) information about lines that are narrower than a channel: they lie in one.

    The data tell no more of such a line, and without it its centre and width have no bounds.
    """
    known = np.zeros(values.shape)
    narrow = np.flatnonzero(values[:, SIGMA] < ONE_CHANNEL_SIGMA)
    known[narrow[:, None], [CHANNEL, SIGMA]] = ONE_CHANNEL_SIGMA**-2
    return known.ravel()


def line_gain(values: np.ndarray, information: np.ndarray, free: np.ndarray) -> np.ndarray:
    """(n,) chi^2 that is lost without each line, to second order.

    Its own continuum and all of the other components would take over what they can.
    """
    gains = np.zeros(len(values))
    for i, flux in enumerate(values[:, FLUX]):
        others = free.copy()
        others[i] = False
        others[i, [CONTINUUM, SLOPE]] = free[i, [CONTINUUM, SLOPE]]
        at, own = np.flatnonzero(others), i * COUNT + FLUX
        shared = information[at, own]
        taken = shared @ inverse_of(information[np.ix_(at, at)]) @ shared
        gains[i] = flux**2 * (information[own, own] - taken)
    return gains


def inverse_of(matrix: np.ndarray) -> np.ndarray:
    """Of a symmetric matrix, scaled to a unit diagonal so that units do not matter."""
    diagonal = np.diag(matrix)
    scale = 1 / np.sqrt(np.where(diagonal > 0, diagonal, np.inf))
    both = np.outer(scale, scale)
    inverse: np.ndarray = np.linalg.pinv(matrix * both, rcond=1e-13, hermitian=True) * both
    return inverse
