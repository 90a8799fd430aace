"""A Gaussian through the primary beam: to second order in its logarithm, a Gaussian again.

With ln P = l + g.r + r'Hr/2 about the centre of a Gaussian of covariance C, the product has the
covariance C' = C (1 - HC)^-1, its centre moves by C'g, and its flux changes by
exp(l + g'C'g/2) / sqrt(det(1 - HC)). That is exact for a Gaussian primary beam.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial.polynomial import polyder

DEGREE = 4
"""Of the polynomial that ln P is in a patch."""
SAMPLES = 13
"""Pixels along each side of a patch through which the polynomial goes."""
LEAST = 1e-3
"""Where the primary beam is lower, it tells no more, and is held there."""
TERMS = [(i, j) for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)]


@dataclass(frozen=True, eq=False)
class SeenGaussian:
    """Gaussians as a cube shows them, (n, ...), and how they change with those of the sky.

    log_factor : (n,) logarithm of the flux over that on the sky
    centre : (n, 2); covariance : (n, 2, 2)
    log_factor_by, centre_by, covariance_by : derivatives (n, 5), (n, 5, 2), (n, 5, 2, 2) by x, y,
        cxx, cyy, cxy
    """

    log_factor: np.ndarray
    centre: np.ndarray
    covariance: np.ndarray
    log_factor_by: np.ndarray
    centre_by: np.ndarray
    covariance_by: np.ndarray


@dataclass(frozen=True, eq=False)
class Attenuation:
    """Logarithm of the primary beam near a patch: a polynomial.

    coefficients : (term,) of (x - x0)^i (y - y0)^j / scale^(i + j); None without a primary beam
    """

    coefficients: np.ndarray | None
    x0: float = 0.0
    y0: float = 0.0
    scale: float = 1.0

    def of(self, centre: np.ndarray, covariance: np.ndarray) -> SeenGaussian:
        """Gaussians (n, 2) and (n, 2, 2) through the primary beam."""
        level, slope, curvature = self._expansion(centre)
        inverse = np.linalg.inv(np.eye(2) - curvature @ covariance)
        seen = covariance @ inverse
        seen = (seen + seen.swapaxes(1, 2)) / 2
        moved = np.einsum("nij,nj->ni", seen, slope)
        log_factor = level + 0.5 * np.einsum("ni,ni->n", slope, moved)
        log_factor += 0.5 * np.log(np.abs(np.linalg.det(inverse)))
        n = len(centre)
        directions = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [1, 0]]], float)
        by_size = np.einsum("nji,pjk,nkl->npil", inverse, directions, inverse)
        covariance_by = np.concatenate([np.zeros((n, 2, 2, 2)), by_size], axis=1)
        by_place = np.eye(2) + np.einsum("nij,njk->nki", seen, curvature)
        centre_by = np.concatenate([by_place, np.einsum("npij,nj->npi", by_size, slope)], axis=1)
        place_factor = slope + np.einsum("nij,nj->ni", curvature, moved)
        size_factor = 0.5 * np.einsum("ni,npij,nj->np", slope, by_size, slope)
        size_factor += 0.5 * np.einsum("nij,njk,pki->np", inverse, curvature, directions)
        log_factor_by = np.concatenate([place_factor, size_factor], axis=1)
        return SeenGaussian(
            log_factor, centre + moved, seen, log_factor_by, centre_by, covariance_by
        )

    def _expansion(self, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(n,) ln P, (n, 2) its slope and (n, 2, 2) curvature at the centres."""
        if self.coefficients is None:
            n = len(centre)
            return np.zeros(n), np.zeros((n, 2)), np.zeros((n, 2, 2))
        powers = ((centre - (self.x0, self.y0)) / self.scale)[..., None] ** np.arange(DEGREE + 1)
        level, *rest = np.einsum("oij,ni,nj->on", self._derived, powers[:, 0], powers[:, 1])
        gx, gy, hxx, hyy, hxy = rest
        curvature = np.stack([np.stack([hxx, hxy], -1), np.stack([hxy, hyy], -1)], -2)
        return level, np.stack([gx, gy], -1), curvature

    @cached_property
    def _derived(self) -> np.ndarray:
        """(6, i, j) coefficients of ln P and its derivatives by x, y, xx, yy, xy."""
        assert self.coefficients is not None
        polynomial = np.zeros((DEGREE + 1, DEGREE + 1))
        polynomial[tuple(np.transpose(TERMS))] = self.coefficients
        derived = np.zeros((6, *polynomial.shape))
        for k, (by_x, by_y) in enumerate([(0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1)]):
            part = polyder(polyder(polynomial, by_x, axis=0), by_y, axis=1)
            derived[k, : part.shape[0], : part.shape[1]] = part / self.scale ** (by_x + by_y)
        return derived


NO_PRIMARY_BEAM = Attenuation(None)


def attenuation_in(plane: np.ndarray, rows: slice, columns: slice) -> Attenuation:
    """The logarithm of a primary beam in a patch, fitted where the beam is high.

    plane : (rows, columns) the primary beam in the patch; rows, columns : of the image
    """
    y, x = (
        np.unique(np.linspace(0, part.stop - part.start - 1, SAMPLES).round().astype(int))
        for part in (rows, columns)
    )
    values = np.maximum(plane[np.ix_(y, x)].astype(float), LEAST)
    scale = max(float(np.ptp(x)), float(np.ptp(y)), 2.0) / 2
    dx, dy = (each.ravel() / scale for each in np.meshgrid(x - x.mean(), y - y.mean()))
    terms = np.stack([dx**i * dy**j for i, j in TERMS], axis=1)
    weights = values.ravel()
    fitted = np.linalg.lstsq(terms * weights[:, None], np.log(weights) * weights, rcond=1e-10)
    x0, y0 = float(x.mean()) + columns.start, float(y.mean()) + rows.start
    return Attenuation(fitted[0], x0, y0, scale)
