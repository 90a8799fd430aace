"""A source that looks like a template: a real galaxy, scaled, turned and placed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import numpy as np
from scipy.sparse import csr_array

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.source import Ellipse
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.sky.components import LineTruth, power_law
from deepfocus.sky.parts import first_of_unit_peak, onto_first_axis
from deepfocus.sky.tangent import Tangent, common_parts, line_spectra, tangent_of
from deepfocus.sky.template import Template


@dataclass(frozen=True)
class TemplateSource:
    """A template with a size, a line and a place.

    x, y : 0-based pixel position of its centroid
    fwhm_px : FWHM of the major axis of the Gaussian with its half-light ellipse
    pa : position angle of its major axis, north through east, 0 to 360: 180 more turns it over
    channel, fwhm_chan : middle and width at half maximum (W50) of the whole line
    flux_jy_kms : of the whole line
    continuum_jy : flux density in the middle of the band, distributed on the sky as the line is
    Raises `DeepFocusError` for a size or width that is not positive, or a negative flux.
    """

    template: Template
    x: float
    y: float
    fwhm_px: float
    pa: float
    channel: float
    fwhm_chan: float
    flux_jy_kms: float
    continuum_jy: float = 0.0
    spectral_index: float = 0.0

    def __post_init__(self) -> None:
        lengths = min(self.fwhm_px, self.fwhm_chan)
        if not lengths > 0 or min(self.flux_jy_kms, self.continuum_jy) < 0:
            raise DeepFocusError(
                f"{self.template.name} with a FWHM of {self.fwhm_px:g} px, a line of "
                f"{self.fwhm_chan:g} channels and {self.flux_jy_kms:g} Jy km/s, and a continuum "
                f"of {self.continuum_jy:g} Jy",
                wanted="a positive size and width; flux and continuum 0 or more",
                remedy="correct them",
            )

    @property
    def ellipse(self) -> Ellipse:
        """The Gaussian with its half-light ellipse."""
        shape = self.template.shape
        minor = self.fwhm_px * shape.minor / shape.major
        pa = self.pa % 180.0
        first, second = axes_from_major_minor(self.fwhm_px, minor, pa)
        return Ellipse(self.x, self.y, float(first), float(second), pa)

    @property
    def w20_chan(self) -> float:
        """Width of the whole line at 20% of its maximum, channels."""
        _, width = self.template.line
        return self.fwhm_chan * self.template.w20 / width

    @property
    def motion(self) -> tuple[float, float]:
        """What the line's centre moves over its width, px, and where to with rising velocity."""
        (per_channel, towards), (_, width) = self.template.motion, self.template.line
        own = self.template.shape
        shift_px = per_channel * width * self.fwhm_px / own.major
        return shift_px, (towards + self.pa - own.pa) % 360.0

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """(y, x) unit-peak image of all emission summed over frequency."""
        total = (_on_pixels(self, shape) @ self.template.image.ravel()).reshape(shape)
        peak = total.max()
        unit_peak: np.ndarray = (total / peak if peak > 0 else total).astype(np.float32)
        return unit_peak

    def parts(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """Images (part, y, x) and spectra (part, chan) whose products sum to Jy/pixel.

        There is one part for each channel of the template and one for the continuum. They are
        rotated so that all but the first vanish in the channel with the most flux.
        """
        channels, image = self.template.voxels, self.template.image
        own = np.concatenate([channels, image[None]]).reshape(-1, image.size)
        continuum = self._continuum(grid)[:, None]
        spectra = np.concatenate([self._line_spectra(grid, 0.0, 1.0), continuum], axis=1)
        lit = np.abs(spectra).max(axis=0) > 0
        own, spectra = own[lit], spectra[:, lit]
        if not lit.any():
            own, spectra = self.template.image.reshape(1, -1), np.zeros((len(grid.freq_hz), 1))
        brightest = int(np.argmax(np.abs(spectra @ own.sum(axis=1))))
        turn = onto_first_axis(spectra[brightest])
        images = _on_pixels(self, (grid.ny, grid.nx)) @ (turn @ own).T
        return first_of_unit_peak(images.T.reshape(-1, grid.ny, grid.nx), turn @ spectra.T)

    def line_truths(self, grid: Grid) -> tuple[LineTruth, ...]:
        """One line; its width is that of the whole galaxy's line (W50)."""
        last = len(grid.freq_hz) - 1
        at = float(np.clip(self.channel, 0, last))
        continuum = float(np.interp(at, np.arange(last + 1), self._continuum(grid)))
        height = float((self._line_spectra(grid, 0.0, 1.0) @ self.template.spectrum).max())
        brightest = height + continuum
        shift_px, kinematic_pa = self.motion
        return (
            LineTruth(
                channel=self.channel,
                fwhm_chan=self.fwhm_chan,
                w20_chan=self.w20_chan,
                flux_jy_kms=self.flux_jy_kms,
                continuum_jy=continuum,
                peak_share=1.0,
                line_share=height / brightest if brightest > 0 else 0.0,
                shift_px=shift_px,
                kinematic_pa=kinematic_pa,
            ),
        )

    def tangent(self, grid: Grid) -> Tangent:
        """Its parts, and how their spectra change with its line."""
        channels, image = self.template.voxels, self.template.image
        own = np.concatenate([channels, image[None]]).reshape(-1, image.size)
        continuum = self._continuum(grid)[:, None]

        def changed(_: int, by_channels: float, factor: float) -> np.ndarray:
            line = self._line_spectra(grid, by_channels, factor)
            return np.concatenate([line, continuum], axis=1)

        def without(_: int) -> np.ndarray:
            dark = np.zeros((len(continuum), len(channels)))
            return np.concatenate([dark, continuum], axis=1)

        widths = (self.fwhm_chan,)
        spectra, coefficients = common_parts(line_spectra(changed, without, widths), widths)
        images = _on_pixels(self, (grid.ny, grid.nx)) @ (coefficients @ own).T
        return tangent_of(images.T.reshape(-1, grid.ny, grid.nx), spectra)

    def brighter(self, factor: float) -> Self:
        """A copy whose line and continuum are multiplied by `factor`."""
        return replace(
            self,
            flux_jy_kms=self.flux_jy_kms * factor,
            continuum_jy=self.continuum_jy * factor,
        )

    def _line_spectra(self, grid: Grid, by_channels: float, factor: float) -> np.ndarray:
        """(chan, channel of the template) Jy in every channel per unit of the template's light.

        by_channels, factor : what the line is moved by, and its width multiplied with
        """
        # receding gas is seen at lower frequency
        direction = -float(np.sign(grid.freq_hz[-1] - grid.freq_hz[0]))
        _, width = self.template.line
        shares = self.template.in_channels(
            len(grid.freq_hz),
            centre=self.channel + by_channels,
            scale=direction * self.fwhm_chan * factor / width,
        )
        jy: np.ndarray = shares * self.flux_jy_kms / float(grid.width_kms(1.0, self.channel))
        return jy

    def _continuum(self, grid: Grid) -> np.ndarray:
        return power_law(self.continuum_jy, self.spectral_index, grid)


@lru_cache(maxsize=4)
def _on_pixels(source: TemplateSource, shape: tuple[int, int]) -> csr_array:
    """Where the template's light falls; kept, since parts, image and tangent all need it."""
    own = source.template.shape
    return source.template.on_pixels(
        shape,
        x=source.x,
        y=source.y,
        scale=source.fwhm_px / own.major,
        turn_deg=source.pa - own.pa,
    )
