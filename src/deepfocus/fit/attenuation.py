"""A Gaussian through the primary beam: to second order in its logarithm, a Gaussian again.

With ln P = l + g.r + r'Hr/2 about the centre of a Gaussian of covariance C, the product has the
covariance C' = C (1 - HC)^-1, its centre moves by C'g, and its flux changes by
exp(l + g'C'g/2) / sqrt(det(1 - HC)). That is exact for a Gaussian primary beam.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import RectBivariateSpline

SAMPLED_EVERY_PX = 3
"""Step between the pixels through which the logarithm's spline goes."""
BEYOND_PX = 9
"""How far it reaches beyond the patch."""
DEGREE = 3
LEAST = 1e-3
"""Where the primary beam is lower, it tells no more, and is held there."""
DERIVATIVES = ((0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1))
"""Orders by x and y of the value, the slope and the curvature."""


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
    """Logarithm of the primary beam near a patch.

    spline : of y and x, pixels of the cube; None without a primary beam
    """

    spline: RectBivariateSpline | None

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
        if self.spline is None:
            n = len(centre)
            return np.zeros(n), np.zeros((n, 2)), np.zeros((n, 2, 2))
        x, y = centre.T
        level, gx, gy, hxx, hyy, hxy = (
            self.spline.ev(y, x, dx=by_y, dy=by_x) for by_x, by_y in DERIVATIVES
        )
        curvature = np.stack([np.stack([hxx, hxy], -1), np.stack([hxy, hyy], -1)], -2)
        return level, np.stack([gx, gy], -1), _falling(curvature)


def _falling(curvature: np.ndarray) -> np.ndarray:
    """(n, 2, 2) without directions in which the logarithm bends upwards.

    A primary beam does so in its sidelobes alone, where a Gaussian times a rising one has no end.
    """
    values, vectors = np.linalg.eigh(curvature)
    falling: np.ndarray = np.einsum("nik,nk,njk->nij", vectors, np.minimum(values, 0.0), vectors)
    return falling


NO_PRIMARY_BEAM = Attenuation(None)


def attenuation_near(
    primary_beam: np.ndarray, weights: np.ndarray, *, rows: slice, columns: slice
) -> Attenuation:
    """The logarithm of a primary beam near a patch.

    primary_beam : (k, y, x) at nodes in frequency, or (1, y, x) for all; weights : (k,) of nodes
    """
    ny, nx = primary_beam.shape[1:]
    y, x = (_samples(part, n) for part, n in ((rows, ny), (columns, nx)))
    near = primary_beam[:, y[:, None], x[None, :]].astype(float)
    values = np.tensordot(weights if len(near) > 1 else np.ones(1), near, axes=1)
    logarithm = np.log(np.maximum(values, LEAST))
    degrees = {"kx": min(DEGREE, len(y) - 1), "ky": min(DEGREE, len(x) - 1)}
    return Attenuation(RectBivariateSpline(y, x, logarithm, **degrees))


def _samples(part: slice, length: int) -> np.ndarray:
    """Pixels of a patch and a little beyond, evenly, both ends among them."""
    first, last = max(part.start - BEYOND_PX, 0), min(part.stop + BEYOND_PX, length) - 1
    pixels = np.linspace(first, last, max((last - first) // SAMPLED_EVERY_PX, 1) + 1)
    return np.unique(pixels.round().astype(int))
