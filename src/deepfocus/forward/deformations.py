"""How an image changes when its source moves, grows and turns: derivatives, in the uv plane.

A shift, a stretch and a turn about the source's centre are maps r -> r + e A r of the sky, which
conserve flux: the image changes by -div(A r f). A Gaussian may also be blurred, which has a
derivative for a point too, where a stretch has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from deepfocus.core.mapped_ellipses import mapped, of_moments
from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse
from deepfocus.forward.cells import Cells

SHAPES = 3
"""Parameters of a shape: two sizes and an angle."""


class ShapeChange(Protocol):
    """Three ways in which the shape of a source may change."""

    def changes(self, source: Seen) -> np.ndarray:
        """(3, part, cell) transforms of the derivatives."""
        ...

    def spread(self, covariance: np.ndarray) -> tuple[float, float, float]:
        """Standard deviations of FWHM x, FWHM y (pixels) and pa (degrees); NaN where undefined.

        covariance : (3, 3) of the three ways
        """
        ...


@dataclass(frozen=True, eq=False)
class Seen:
    """The parts of a source through the primary beam P, and how their transforms change.

    images : (part, y, x) on the sky; primary_beam : (y, x); x, y : centre of the source there

    A change D f of the sky is seen as P D f. By the product rule that is a derivative of P f, which
    is a factor in the uv plane, and terms of f times a slope of P, which is smooth.
    """

    images: np.ndarray
    primary_beam: np.ndarray
    x: float
    y: float
    cells: Cells

    @cached_property
    def itself(self) -> np.ndarray:
        """(part, cell) transforms of P f."""
        return self.cells.transform(self.images * self.primary_beam)

    def shifts(self) -> np.ndarray:
        """(2, part, cell) change with x and with y, per pixel."""
        return np.stack(
            [
                by_slope - _along(k) * self.itself
                for k, by_slope in zip(self._uv, self._sloped, strict=True)
            ]
        )

    def blurs(self) -> np.ndarray:
        """(3, part, cell) change with the covariances xx, yy and xy of a Gaussian blur."""

        def mixed(one: int, other: int) -> np.ndarray:
            k, m = _along(self._uv[one]), _along(self._uv[other])
            curved = self.cells.transform(self.images * _slope(self._slopes[one], other))
            crossed = m * self._sloped[one] + k * self._sloped[other]
            second: np.ndarray = k * m * self.itself - crossed + curved
            return second

        half = np.float32(0.5)
        return np.stack([half * mixed(0, 0), half * mixed(1, 1), mixed(0, 1)])

    def flow(self, matrix: np.ndarray) -> np.ndarray:
        """(part, cell) change under r -> r + e A r about the centre, per e: -div(A r f)."""
        (xx, xy), (yx, yy) = matrix.astype(np.float32)
        offsets, slopes = self._offsets, self._slopes
        moved = (xx * offsets[0] + xy * offsets[1], yx * offsets[0] + yy * offsets[1])
        by_slope = self.cells.transform(self.images * (moved[0] * slopes[0] + moved[1] * slopes[1]))
        along_x, along_y = (_along(k) for k in self._uv)
        by_x, by_y = self._weighted
        out = (xx * along_x + yx * along_y) * by_x + (xy * along_x + yy * along_y) * by_y
        flow: np.ndarray = by_slope - out
        return flow

    @property
    def _uv(self) -> tuple[np.ndarray, np.ndarray]:
        return self.cells.u, self.cells.v

    @cached_property
    def _offsets(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y of every pixel from the centre."""
        ny, nx = self.primary_beam.shape
        dx = (np.arange(nx) - self.x).astype(np.float32)[None, :]
        dy = (np.arange(ny) - self.y).astype(np.float32)[:, None]
        return dx, dy

    @cached_property
    def _slopes(self) -> tuple[np.ndarray, np.ndarray]:
        return _slope(self.primary_beam, 0), _slope(self.primary_beam, 1)

    @cached_property
    def _sloped(self) -> tuple[np.ndarray, np.ndarray]:
        """(part, cell) transforms of f times the slopes of P along x and y."""
        by_x, by_y = (self.cells.transform(self.images * slope) for slope in self._slopes)
        return by_x, by_y

    @cached_property
    def _weighted(self) -> tuple[np.ndarray, np.ndarray]:
        """(part, cell) transforms of x P f and y P f."""
        seen = self.images * self.primary_beam
        by_x, by_y = (self.cells.transform(seen * offset) for offset in self._offsets)
        return by_x, by_y


def _along(k: np.ndarray) -> np.ndarray:
    """A derivative along an axis, as a factor in the uv plane."""
    return np.complex64(2j * np.pi) * k


def _slope(image: np.ndarray, along: int) -> np.ndarray:
    """(y, x) derivative per pixel along x (0) or y (1); 0 across a single pixel."""
    axis = 1 - along
    if image.shape[axis] < 2:
        return np.zeros_like(image)
    slope: np.ndarray = np.gradient(image, axis=axis)
    return slope


def axes(ellipse: Ellipse) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors (x, y) along FWHM x and FWHM y."""
    angle = np.deg2rad(ellipse.pa % 90.0)
    along = np.array([-np.sin(angle), np.cos(angle)])
    return along, np.array([-along[1], along[0]])


def _mapped(ellipse: Ellipse, plane: np.ndarray) -> Ellipse:
    fwhm_x, fwhm_y, pa = mapped(plane, ellipse.fwhm_x_px, ellipse.fwhm_y_px, ellipse.pa)
    return Ellipse(ellipse.x, ellipse.y, float(fwhm_x), float(fwhm_y), float(pa))


@dataclass(frozen=True, eq=False)
class GaussianShape:
    """A Gaussian: any covariance. The ways are its xx, yy and xy, square pixels.

    plane : (2, 2) map of offsets after which its spread is that of sizes and angle: to the sky,
        where cells are not square; None for that in pixels
    """

    ellipse: Ellipse
    plane: np.ndarray | None = None

    def changes(self, source: Seen) -> np.ndarray:
        """(3, part, cell) derivatives by the covariances."""
        return source.blurs()

    def spread(self, covariance: np.ndarray) -> tuple[float, float, float]:
        """A size has none at 0, an angle none where both sizes are equal."""
        ellipse = self.ellipse
        if self.plane is not None:
            ellipse = _mapped(ellipse, self.plane)
            to_sky = of_moments(self.plane)
            covariance = to_sky @ covariance @ to_sky.T
        first, second = axes(ellipse)
        sigmas = np.array([ellipse.fwhm_x_px, ellipse.fwhm_y_px]) / FWHM_PER_SIGMA
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

    def changes(self, source: Seen) -> np.ndarray:
        """(3, part, cell) derivatives by ln FWHM x, ln FWHM y and the angle in radians."""
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
    variance = float(weights @ covariance @ weights)
    return float(np.sqrt(variance)) if variance >= 0 else float("nan")
