"""A source in its mask: Gaussians without noise, noise alone, galaxies in noise."""

from __future__ import annotations

import numpy as np

from deepfocus.core.source import Ellipse

SHAPE = (40, 96, 96)
BEAM = Ellipse(0.0, 0.0, 7.0, 5.0, 30.0)


def beam_autocorrelation(reach: int = 24) -> np.ndarray:
    """Of noise that was smoothed by the beam: a Gaussian sqrt 2 times as wide."""
    return np.exp(-0.5 * mahalanobis(np.zeros((2, 2)), BEAM, reach, spread=2.0))


def mahalanobis(extra: np.ndarray, beam: Ellipse, reach: int, *, spread: float = 1.0) -> np.ndarray:
    from deepfocus.ops.ellipses import covariance_of

    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inverse = np.linalg.inv(spread * covariance_of(beam) + extra)
    offsets = np.stack([x, y]).astype(float)
    return np.einsum("ayx,ab,byx->yx", offsets, inverse, offsets)
