"""One source: an elliptical Gaussian on the sky with one Gaussian line.

Skies, injection, masks, fits and training examples all mean this when they say "source".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from deepfocus.core.channels import ChannelRange, around

FWHM_PER_SIGMA = float(2 * np.sqrt(2 * np.log(2)))
GAUSSIAN_AREA = float(np.sqrt(2 * np.pi) / FWHM_PER_SIGMA)
"""Integral of a one-dimensional Gaussian of unit peak and unit FWHM."""
FIFTH_PER_HALF = float(np.sqrt(np.log2(5)))
"""Width of a Gaussian at 20% of its peak, over its FWHM."""


@dataclass(frozen=True)
class Ellipse:
    """Position and size of an elliptical Gaussian, in pixels (docs/conventions.md).

    x, y : centre, 0-based pixels
    fwhm_x_px, fwhm_y_px : FWHM along the axis with position angle in [0, 90), and along the
        other axis; 0 for a point
    pa : position angle of the major axis, degrees, north (+y) through east (-x)
    """

    x: float
    y: float
    fwhm_x_px: float
    fwhm_y_px: float
    pa: float

    @property
    def area_px(self) -> float:
        """Integral of the unit-peak Gaussian, in pixels."""
        return float(np.pi / (4 * np.log(2)) * self.fwhm_x_px * self.fwhm_y_px)

    def shifted(self, *, x: float, y: float) -> Self:
        """A copy moved by (x, y) pixels."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Source(Ellipse):
    """An elliptical Gaussian with one Gaussian line, before attenuation by the primary beam.

    channel, fwhm_chan : centre and FWHM of the line, in channels
    line_jy : peak flux density of the line, integrated over the source; NaN if unknown
    continuum_jy : continuum flux density, the same in all channels
    """

    channel: float
    fwhm_chan: float
    line_jy: float = float("nan")
    continuum_jy: float = 0.0

    @property
    def span(self) -> ChannelRange:
        """Channels of the line: its centre -+ FWHM."""
        return around(self.channel, self.fwhm_chan)

    def brighter(self, factor: float) -> Self:
        """A copy whose flux densities are multiplied by `factor`."""
        return replace(self, line_jy=self.line_jy * factor, continuum_jy=self.continuum_jy * factor)

    def line(self, channels: int) -> np.ndarray:
        """(chan,) line profile of unit peak."""
        offset = (np.arange(channels) - self.channel) * FWHM_PER_SIGMA / self.fwhm_chan
        profile: np.ndarray = np.exp(-0.5 * offset**2)
        return profile

    def spectrum(self, channels: int) -> np.ndarray:
        """(chan,) flux density of line and continuum, Jy."""
        return self.line_jy * self.line(channels) + self.continuum_jy
