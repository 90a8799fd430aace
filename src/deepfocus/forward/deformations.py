"""How an image changes when its source moves, grows and turns: derivatives, in the uv plane.

A shift, a stretch and a turn about the source's centre are maps r -> r + e A r of the sky, which
conserve flux: the image changes by -div(A r f). A Gaussian may also be blurred, which has a
derivative for a point too, where a stretch has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.fft import irfft2, rfft2

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse

SHAPES = 3
"""Parameters of a shape: two sizes and an angle."""


class ShapeChange(Protocol):
    """Three ways in which the shape of a source may change."""

    def images(self, source: Padded) -> np.ndarray:
        """(3, part, y, x) derivatives."""
        ...

    def spread(self, covariance: np.ndarray) -> tuple[float, float, float]:
        """Standard deviations of FWHM x, FWHM y (pixels) and pa (degrees); NaN where undefined.

        covariance : (3, 3) of the three ways
        """
        ...


@dataclass(frozen=True, eq=False)
class Padded:
    """Images of a source's parts on a patch, and their transforms on a larger grid.

    images : (part, y, x) float32; x, y : centre of the source on the patch; side : of that grid
    """

    images: np.ndarray
    x: float
    y: float
    side: int

    def shifts(self) -> np.ndarray:
        """(2, part, y, x) change with x and with y, per pixel."""
        u, v = self._frequencies()
        transform = rfft2(self.images, (self.side, self.side))
        return np.stack([self._image(np.complex64(-2j * np.pi) * k * transform) for k in (u, v)])

    def blurs(self) -> np.ndarray:
        """(3, part, y, x) change with the covariances xx, yy and xy of a Gaussian blur."""
        u, v = self._frequencies()
        transform = rfft2(self.images, (self.side, self.side))
        factors = (u**2 / 2, v**2 / 2, u * v)
        return np.stack([self._image(np.float32(-4 * np.pi**2) * k * transform) for k in factors])

    def flow(self, matrix: np.ndarray) -> np.ndarray:
        """(part, y, x) change under r -> r + e A r about the centre, per e: -div(A r f)."""
        dy, dx = np.indices(self.images.shape[-2:], np.float32)
        dx, dy = dx - np.float32(self.x), dy - np.float32(self.y)
        u, v = self._frequencies()
        moved = [row[0] * dx + row[1] * dy for row in matrix.astype(np.float32)]
        along_x, along_y = (rfft2(each * self.images, (self.side, self.side)) for each in moved)
        return self._image(np.complex64(-2j * np.pi) * (u * along_x + v * along_y))

    def _frequencies(self) -> tuple[np.ndarray, np.ndarray]:
        u, v = np.fft.rfftfreq(self.side)[None, :], np.fft.fftfreq(self.side)[:, None]
        return u.astype(np.float32), v.astype(np.float32)

    def _image(self, transform: np.ndarray) -> np.ndarray:
        ny, nx = self.images.shape[-2:]
        image: np.ndarray = irfft2(transform, (self.side, self.side))[..., :ny, :nx]
        return image


def axes(ellipse: Ellipse) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (x, y) along FWHM x and FWHM y."""
    angle = np.deg2rad(ellipse.pa % 90.0)
    along = np.array([-np.sin(angle), np.cos(angle)])
    return along, np.array([-along[1], along[0]])


@dataclass(frozen=True)
class GaussianShape:
    """A Gaussian: any covariance. The ways are its xx, yy and xy, square pixels."""

    ellipse: Ellipse

    def images(self, source: Padded) -> np.ndarray:
        """(3, part, y, x) derivatives by the covariances."""
        return source.blurs()

    def spread(self, covariance: np.ndarray) -> tuple[float, float, float]:
        """A size has none at 0, an angle none where both sizes are equal."""
        first, second = axes(self.ellipse)
        sigmas = np.array([self.ellipse.fwhm_x_px, self.ellipse.fwhm_y_px]) / FWHM_PER_SIGMA
        sizes = [
            FWHM_PER_SIGMA * _deviation(along, along, covariance) / (2 * sigma)
            if sigma > 0
            else np.nan
            for along, sigma in zip((first, second), sigmas, strict=True)
        ]
        difference = abs(sigmas[0] ** 2 - sigmas[1] ** 2)
        turn = _deviation(first, second, covariance) / difference if difference > 0 else np.nan
        return float(sizes[0]), float(sizes[1]), float(np.rad2deg(turn))


@dataclass(frozen=True)
class RigidShape:
    """A pattern of fixed proportions: the ways are its two sizes, relative, and its turn."""

    ellipse: Ellipse

    def images(self, source: Padded) -> np.ndarray:
        """(3, part, y, x) derivatives by ln FWHM x, ln FWHM y and the angle in radians."""
        stretches = [np.outer(axis, axis) for axis in axes(self.ellipse)]
        # from +y towards -x, as position angles grow
        turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        return np.stack([source.flow(matrix) for matrix in (*stretches, turn)])

    def spread(self, covariance: np.ndarray) -> tuple[float, float, float]:
        """All three are defined, unless the pattern is round."""
        deviations = np.sqrt(np.diag(covariance))
        return (
            float(deviations[0] * self.ellipse.fwhm_x_px),
            float(deviations[1] * self.ellipse.fwhm_y_px),
            float(np.rad2deg(deviations[2])),
        )


def _deviation(one: np.ndarray, other: np.ndarray, covariance: np.ndarray) -> float:
    """Standard deviation of one' C other, with C in the order xx, yy, xy."""
    mixed = one[0] * other[1] + one[1] * other[0]
    weights = np.array([one[0] * other[0], one[1] * other[1], mixed])
    return float(np.sqrt(weights @ covariance @ weights))
