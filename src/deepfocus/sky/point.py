"""Point sources, drawn so that a telescope sees an exact point at any fraction of a pixel.

A point between pixels is not one pixel, and spreading it over four (bilinear) blurs it: its
visibilities would fall with baseline length. The exact grid function is a sinc, whose transform
is flat up to the Nyquist limit, but it never ends. We use a sinc with a Kaiser window. Its
transform is flat to 1e-6 for baselines up to 0.4 cycles per pixel, wherever the point lies in its
pixel, and it is at most 48 pixels wide. Some of its pixels are negative, because it represents a
point with only the frequencies that the grid can sample.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from deepfocus.core.grid import Grid
from deepfocus.core.source import Ellipse
from deepfocus.sky.components import (
    EmissionLine,
    LineTruth,
    multiplied_lines,
    multiplied_tangent,
    over_continuum,
    power_law,
)
from deepfocus.sky.tangent import Tangent

HALF_WIDTH_PX = 24
KAISER_BETA = 14.5
"""Stop band of 140 dB; with this half width, the transition spans 0.4 to 0.6 cycles per pixel."""


@dataclass(frozen=True)
class Point:
    """An unresolved source.

    x, y : 0-based pixel position, any fraction
    flux_jy : continuum at the reference frequency, the band's middle
    lines : they multiply the continuum, as in a Gaussian source
    continuum_share : what shines of the continuum; 0 for a source that has only lines
    """

    x: float
    y: float
    flux_jy: float
    spectral_index: float
    lines: tuple[EmissionLine, ...]
    continuum_share: float = 1.0

    @property
    def ellipse(self) -> Ellipse:
        """Its position, and zero size."""
        return Ellipse(self.x, self.y, 0.0, 0.0, 0.0)

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """(y, x) image of flux 1."""
        rows, columns = point_1d(shape[0], self.y), point_1d(shape[1], self.x)
        unit_flux: np.ndarray = (rows[:, None] * columns).astype(np.float32)
        return unit_flux

    def spectrum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum and lines, Jy."""
        return self._with_lines(self.lines, grid)

    def continuum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum to which lines are relative, Jy."""
        return power_law(self.flux_jy, self.spectral_index, grid)

    def parts(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """One part: the image times the spectrum."""
        return self.image((grid.ny, grid.nx))[None], self.spectrum(grid)[None]

    def line_truths(self, grid: Grid) -> tuple[LineTruth, ...]:
        """True properties of each line."""
        return multiplied_lines(
            self.lines,
            continuum=self.continuum(grid),
            continuum_share=self.continuum_share,
            area_px=1.0,
            grid=grid,
        )

    def tangent(self, grid: Grid) -> Tangent:
        """One part, and how its spectrum changes with each line."""
        image = self.image((grid.ny, grid.nx))
        return multiplied_tangent(image, self.lines, lambda lines: self._with_lines(lines, grid))

    def brighter(self, factor: float) -> Self:
        """A copy whose continuum and lines are multiplied by `factor`."""
        return replace(self, flux_jy=self.flux_jy * factor)

    def _with_lines(self, lines: tuple[EmissionLine, ...], grid: Grid) -> np.ndarray:
        flux_density: np.ndarray = self.continuum(grid) * over_continuum(
            lines, len(grid.freq_hz), self.continuum_share
        )
        return flux_density


def point_1d(n: int, position: float) -> np.ndarray:
    """(n,) windowed sinc with sum 1 about `position`; a single pixel if that is an integer."""
    offset = np.arange(n) - position
    inside = np.clip(1 - (offset / HALF_WIDTH_PX) ** 2, 0.0, None)
    window = np.i0(KAISER_BETA * np.sqrt(inside)) / np.i0(KAISER_BETA)
    windowed: np.ndarray = np.sinc(offset) * np.where(inside > 0, window, 0.0)
    return windowed
