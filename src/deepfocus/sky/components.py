"""Sky components: elliptical Gaussians with a power-law continuum and Gaussian lines (Eq 2-4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.grid import Grid
from deepfocus.ops.gaussians import gaussian_2d

FWHM_PER_SIGMA = float(np.sqrt(8 * np.log(2)))


@dataclass(frozen=True)
class EmissionLine:
    """A Gaussian line that multiplies its source's continuum: S = continuum * (1 + l).

    relative : peak of the line over the continuum at the line
    channel : centre, fractional; fwhm_chan : FWHM in channels
    """

    relative: float
    channel: float
    fwhm_chan: float

    def profile(self, channels: int) -> np.ndarray:
        """(chan,) relative amplitude, Eq 2."""
        sigma = self.fwhm_chan / FWHM_PER_SIGMA
        return self.relative * np.exp(-0.5 * ((np.arange(channels) - self.channel) / sigma) ** 2)


@dataclass(frozen=True)
class Component:
    """One source.

    x, y : 0-based pixel position; fwhm_x_px, fwhm_y_px, pa : shape (docs/conventions.md)
    peak_jy_px : continuum surface brightness at the source's centre and the reference frequency
    spectral_index : S = S0 (nu / nu0)^alpha about the band's middle
    """

    x: float
    y: float
    fwhm_x_px: float
    fwhm_y_px: float
    pa: float
    peak_jy_px: float
    spectral_index: float
    lines: tuple[EmissionLine, ...]

    @property
    def area_px(self) -> float:
        """Integral of the unit-peak Gaussian, pixels."""
        return float(np.pi / (4 * np.log(2)) * self.fwhm_x_px * self.fwhm_y_px)

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """(y, x) unit-peak image."""
        return gaussian_2d(
            shape,
            x=self.x,
            y=self.y,
            fwhm_x_px=self.fwhm_x_px,
            fwhm_y_px=self.fwhm_y_px,
            pa=self.pa,
        )

    def continuum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum at the source's centre, Jy/pixel."""
        middle = np.mean(grid.freq_hz)
        return self.peak_jy_px * (grid.freq_hz / middle) ** self.spectral_index

    def spectrum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum and lines at the source's centre, Jy/pixel."""
        lines = sum((line.profile(len(grid.freq_hz)) for line in self.lines), np.float64(0.0))
        return self.continuum(grid) * (1 + lines)


@dataclass(frozen=True)
class SkyModel:
    """Components on a grid; the first is the target at the phase centre."""

    grid: Grid
    components: tuple[Component, ...]

    def images(self) -> np.ndarray:
        """(component, y, x) unit-peak images."""
        shape = (self.grid.ny, self.grid.nx)
        if not self.components:
            return np.zeros((0, *shape))
        return np.stack([component.image(shape) for component in self.components])

    def spectra(self) -> np.ndarray:
        """(component, chan) Jy/pixel."""
        if not self.components:
            return np.zeros((0, len(self.grid.freq_hz)))
        return np.stack([component.spectrum(self.grid) for component in self.components])
