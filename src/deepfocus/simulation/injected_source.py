"""What is injected: a Gaussian with a line, or a real galaxy, as a cube's own beams show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from deepfocus.core.grid import Grid
from deepfocus.core.source import FIFTH_PER_HALF, GAUSSIAN_AREA, Source
from deepfocus.forward.response import Response
from deepfocus.sky.template import Template
from deepfocus.sky.template_source import TemplateSource

Layer = tuple[np.ndarray, np.ndarray]
"""Dirty images (node, y, x) of a part of a source, Jy/beam for 1 Jy/pixel, and its spectrum."""


class Injectable(Protocol):
    """A source with its line."""

    @property
    def source(self) -> Source:
        """It, or the Gaussian that stands for it in a truth."""

    def layers(self, response: Response) -> Iterator[Layer]:
        """Its parts, whose products with their spectra add up."""

    def line_alone(self) -> Self:
        """A copy without continuum."""

    @property
    def w20_chan(self) -> float:
        """Width of the line at 20% of its peak, channels."""

    @property
    def motion(self) -> tuple[float, float]:
        """What the line's centre moves over its width, px, and where to with rising velocity."""


@dataclass(frozen=True)
class Gaussian:
    """An elliptical Gaussian."""

    source: Source

    def layers(self, response: Response) -> Iterator[Layer]:
        """One."""
        channels = response.interpolation.shape[1]
        yield response.of_source(self.source), self.source.spectrum(channels)

    def line_alone(self) -> Self:
        """A copy."""
        return replace(self, source=replace(self.source, continuum_jy=0.0))

    @property
    def w20_chan(self) -> float:
        """A Gaussian's."""
        return FIFTH_PER_HALF * self.source.fwhm_chan

    @property
    def motion(self) -> tuple[float, float]:
        """None."""
        return 0.0, 0.0


@dataclass(frozen=True)
class Galaxy:
    """A template with the place, the angle, the flux and the width (W50) of a Gaussian.

    source : its major axis is that of the template; the minor axis is the template's own
    grid : of the cube
    """

    template: Template
    source: Source
    grid: Grid

    @classmethod
    def like(cls, source: Source, template: Template, grid: Grid) -> Galaxy:
        """The template in place of a Gaussian, whose larger axis and flux it has."""
        ellipse = _as_template(source, template).ellipse
        return cls(template, replace(source, **vars(ellipse)), grid)

    def layers(self, response: Response) -> Iterator[Layer]:
        """One for each of the template's channels, and one for the continuum."""
        source = self.source
        flux = source.line_jy * float(self.grid.width_kms(source.fwhm_chan, source.channel))
        lit = replace(
            _as_template(source, self.template),
            flux_jy_kms=flux * GAUSSIAN_AREA,
            continuum_jy=source.continuum_jy,
        )
        for image, spectrum in zip(*lit.parts(self.grid), strict=True):
            yield response.of_image(image), spectrum

    def line_alone(self) -> Self:
        """A copy."""
        return replace(self, source=replace(self.source, continuum_jy=0.0))

    @property
    def w20_chan(self) -> float:
        """The template's."""
        return _as_template(self.source, self.template).w20_chan

    @property
    def motion(self) -> tuple[float, float]:
        """The template's."""
        return _as_template(self.source, self.template).motion


def _as_template(source: Source, template: Template) -> TemplateSource:
    return TemplateSource(
        template,
        x=source.x,
        y=source.y,
        fwhm_px=max(source.fwhm_x_px, source.fwhm_y_px),
        pa=source.pa,
        channel=source.channel,
        fwhm_chan=source.fwhm_chan,
        flux_jy_kms=1.0,
    )


def rendered(sources: Sequence[Injectable], response: Response) -> np.ndarray:
    """(chan, y, x) float32 noise-free sum of the sources, Jy/beam."""
    channels = response.interpolation.shape[1]
    out = np.zeros((channels, response.ny, response.nx), np.float32)
    for source in sources:
        for planes, spectrum in source.layers(response):
            weights = response.interpolation * spectrum
            for channel in np.flatnonzero(weights.any(axis=0)):
                out[channel] += np.tensordot(weights[:, channel], planes, axes=1).astype(np.float32)
    return out
