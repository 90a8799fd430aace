"""Point sources, drawn so that a telescope sees an exact point at any fraction of a pixel.

A point between pixels is not one pixel, and spreading it over four (bilinear) blurs it: its
visibilities would fall with baseline length. The exact grid function is a sinc, whose transform
is flat up to the Nyquist limit, but it never ends. We use a sinc with a Kaiser window. Its
transform is flat to 1e-6 for baselines up to 0.4 cycles per pixel, wherever the point lies in its
pixel, and it is at most 48 pixels wide. Some of its pixels are negative, because it represents a
point with only the frequencies that the grid can sample.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.grid import Grid
from deepfocus.core.source import Ellipse
from deepfocus.sky.components import (
    EmissionLine,
    LineTruth,
    multiplied_lines,
    over_continuum,
    power_law,
)

HALF_WIDTH_PX = 24
KAISER_BETA = 14.5
"""Stop band of 140 dB; with this half width, the transition spans 0.4 to 0.6 cycles per pixel."""


@dataclass(frozen=True)
class Point:
    """An unresolved source.

    x, y : 0-based pixel position, any fraction
    flux_jy : continuum at the reference frequency, the band's middle
    lines : they multiply the continuum, as in a Gaussian source
    """

    x: float
    y: float
    flux_jy: float
    spectral_index: float
    lines: tuple[EmissionLine, ...]

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
        flux_density: np.ndarray = self.continuum(grid) * over_continuum(
            self.lines, len(grid.freq_hz)
        )
        return flux_density

    def continuum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum, Jy."""
        return power_law(self.flux_jy, self.spectral_index, grid)

    def parts(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """One part: the image times the spectrum."""
        return self.image((grid.ny, grid.nx))[None], self.spectrum(grid)[None]

    def line_truths(self, grid: Grid) -> tuple[LineTruth, ...]:
        """True properties of each line."""
        continuum = self.continuum(grid)
        return multiplied_lines(self.lines, continuum=continuum, area_px=1.0, grid=grid)


def point_1d(n: int, position: float) -> np.ndarray:
    """(n,) windowed sinc with sum 1 about `position`; a single pixel if that is an integer."""
    offset = np.arange(n) - position
    inside = np.clip(1 - (offset / HALF_WIDTH_PX) ** 2, 0.0, None)
    window = np.i0(KAISER_BETA * np.sqrt(inside)) / np.i0(KAISER_BETA)
    windowed: np.ndarray = np.sinc(offset) * np.where(inside > 0, window, 0.0)
    return windowed
