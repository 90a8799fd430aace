"""Sky sources: their common interface, Gaussians with Gaussian lines (Eq 2-4), the sky model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, Self

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.source import FIFTH_PER_HALF, FWHM_PER_SIGMA, GAUSSIAN_AREA, Ellipse
from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.sky.tangent import Tangent, line_spectra, tangent_of


@dataclass(frozen=True)
class LineTruth:
    """True properties of one line of a source, before any beam.

    channel, fwhm_chan : centre and width in channels; w20_chan : width at 20% of the peak
    flux_jy_kms : integrated flux of the line alone, including any part outside the band;
        negative for absorption
    continuum_jy : the source's continuum flux density at the line
    peak_share : brightness at the line over the source's maximum brightness
    line_share : brightness of the line alone over the same maximum; negative for absorption
    shift_px : what the line's centre moves on the sky over its FWHM: the covariance of place and
        velocity over the variance of velocity, times the width; 0 if it stays in place
    kinematic_pa : where to with rising velocity, degrees, north (+y) through east (-x)
    Both shares are taken at the line's centre, or at the nearest end of the band if the centre
    lies outside it.
    """

    channel: float
    fwhm_chan: float
    w20_chan: float
    flux_jy_kms: float
    continuum_jy: float
    peak_share: float
    line_share: float
    shift_px: float = 0.0
    kinematic_pa: float = 0.0


class SkySource(Protocol):
    """Anything that can be in a sky: a Gaussian, a point, a disc."""

    @property
    def ellipse(self) -> Ellipse:
        """Its position, and the Gaussian that represents its size."""

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """(y, x) image of the emission summed over frequency, peak or flux 1."""

    def parts(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """Images (part, y, x) and spectra (part, chan); their products sum to Jy/pixel."""

    def line_truths(self, grid: Grid) -> tuple[LineTruth, ...]:
        """True properties of each line."""

    def tangent(self, grid: Grid) -> Tangent:
        """Its parts, and how they change with each of its lines."""

    def brighter(self, factor: float) -> Self:
        """A copy whose emission is multiplied by `factor`."""


@dataclass(frozen=True)
class EmissionLine:
    """A Gaussian line l that multiplies its source's continuum: alone, S = continuum * (1 + l).

    relative : line peak over the continuum at the line; from -1 to 0 for absorption. In a source
        without continuum, over the brightness to which its lines are relative
    channel : centre, fractional; fwhm_chan : FWHM in channels
    Raises `DeepFocusError` if the line absorbs more than the continuum.
    """

    relative: float
    channel: float
    fwhm_chan: float

    def __post_init__(self) -> None:
        if self.relative < -1:
            raise DeepFocusError(
                f"a line of {self.relative:g} times the continuum",
                wanted="-1 or more: a line cannot absorb more than the continuum",
                remedy="correct its depth",
            )

    def profile(self, channels: int) -> np.ndarray:
        """(chan,) relative amplitude, Eq 2."""
        sigma = self.fwhm_chan / FWHM_PER_SIGMA
        offset = (np.arange(channels) - self.channel) / sigma
        amplitude: np.ndarray = self.relative * np.exp(-0.5 * offset**2)
        return amplitude

    def highest_within(self, channels: int) -> float:
        """Relative amplitude at the centre; if that is outside the band, at the nearest end."""
        sigma = self.fwhm_chan / FWHM_PER_SIGMA
        beyond = self.channel - min(max(self.channel, 0.0), channels - 1.0)
        return self.relative * float(np.exp(-0.5 * (beyond / sigma) ** 2))


def power_law(value: float, spectral_index: float, grid: Grid) -> np.ndarray:
    """(chan,) `value` (nu / nu0)^alpha, with nu0 in the middle of the band."""
    continuum: np.ndarray = value * (grid.freq_hz / np.mean(grid.freq_hz)) ** spectral_index
    return continuum


def over_continuum(
    lines: tuple[EmissionLine, ...], channels: int, continuum_share: float = 1.0
) -> np.ndarray:
    """(chan,) spectrum over the continuum: transmission of the absorption lines plus emission.

    continuum_share : what shines of the continuum; 0 leaves the emission lines alone

    Absorbing gas lies in front of the continuum, one line behind the other, so transmissions
    multiply, exp(-tau_1) exp(-tau_2), and are never negative. Emission lies in front of both: it
    adds, and nothing absorbs it.
    """
    transmission = np.ones(channels)
    emission = np.zeros(channels)
    for line in lines:
        profile = line.profile(channels)
        if line.relative < 0:
            transmission = transmission * (1 + profile)
        else:
            emission = emission + profile
    return continuum_share * transmission + emission


def multiplied_lines(
    lines: tuple[EmissionLine, ...],
    *,
    continuum: np.ndarray,
    continuum_share: float,
    area_px: float,
    grid: Grid,
) -> tuple[LineTruth, ...]:
    """Truth of lines that multiply a continuum (chan,), Jy/pixel; their overlaps are ignored.

    continuum_share : what shines of that continuum
    """
    channels = np.arange(len(grid.freq_hz))
    peaks = [line.highest_within(len(channels)) for line in lines]
    brightest = continuum_share + max(max(peaks, default=0.0), 0.0) or 1.0
    truths = []
    for line, peak in zip(lines, peaks, strict=True):
        relative_to_jy = area_px * float(np.interp(line.channel, channels, continuum))
        width_kms = float(grid.width_kms(line.fwhm_chan, line.channel))
        truths.append(
            LineTruth(
                channel=line.channel,
                fwhm_chan=line.fwhm_chan,
                w20_chan=FIFTH_PER_HALF * line.fwhm_chan,
                flux_jy_kms=relative_to_jy * line.relative * width_kms * GAUSSIAN_AREA,
                continuum_jy=relative_to_jy * continuum_share,
                peak_share=(continuum_share + max(peak, 0.0)) / brightest,
                line_share=peak / brightest,
            )
        )
    return tuple(truths)


def multiplied_tangent(
    image: np.ndarray,
    lines: tuple[EmissionLine, ...],
    spectrum: Callable[[tuple[EmissionLine, ...]], np.ndarray],
) -> Tangent:
    """The tangent of one image (y, x) whose spectrum (chan,) is a function of its lines."""

    def changed(i: int, channels: float, factor: float) -> np.ndarray:
        if not lines:
            return spectrum(lines)[:, None]
        old = lines[i]
        # a line of the same flux is lower where it is wider
        new = EmissionLine(
            max(old.relative / factor, -1.0), old.channel + channels, old.fwhm_chan * factor
        )
        return spectrum((*lines[:i], new, *lines[i + 1 :]))[:, None]

    def without(i: int) -> np.ndarray:
        return spectrum((*lines[:i], *lines[i + 1 :]))[:, None]

    stack = line_spectra(changed, without, tuple(line.fwhm_chan for line in lines))
    return tangent_of(image[None], [each.T for each in stack])


SAMPLED_PX = 2.0
"""FWHM of a Gaussian whose pixels add up to its integral within 1e-6."""


@dataclass(frozen=True)
class Component(Ellipse):
    """An elliptical Gaussian source with a power-law continuum and any number of lines.

    peak_jy_px : continuum surface brightness at the source's centre and the reference frequency
    spectral_index : alpha in S = S0 (nu / nu0)^alpha, with nu0 in the middle of the band
    continuum_share : what shines of the continuum; 0 for a source that has only lines
    """

    peak_jy_px: float
    spectral_index: float
    lines: tuple[EmissionLine, ...]
    continuum_share: float = 1.0

    @property
    def ellipse(self) -> Ellipse:
        """The Gaussian alone."""
        return Ellipse(self.x, self.y, self.fwhm_x_px, self.fwhm_y_px, self.pa)

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """(y, x) unit-peak image."""
        return gaussian_2d(shape, self)

    def continuum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum at the source's centre to which lines are relative, Jy/pixel."""
        return power_law(self.peak_jy_px, self.spectral_index, grid)

    def spectrum(self, grid: Grid) -> np.ndarray:
        """(chan,) continuum and lines at the source's centre, Jy/pixel."""
        return self._with_lines(self.lines, grid)

    def parts(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """One part: the image times the spectrum."""
        return self.image((grid.ny, grid.nx))[None], self.spectrum(grid)[None]

    def line_truths(self, grid: Grid) -> tuple[LineTruth, ...]:
        """True properties of each line."""
        return multiplied_lines(
            self.lines,
            continuum=self.continuum(grid),
            continuum_share=self.continuum_share,
            area_px=self._drawn_px,
            grid=grid,
        )

    @property
    def _drawn_px(self) -> float:
        """What its pixels add up to: its area, unless it is too narrow for them.

        Values at the centres of pixels add up to the integral but for exp(-2 pi^2 sigma^2) times 2.
        """
        if min(self.fwhm_x_px, self.fwhm_y_px) > SAMPLED_PX:
            return self.area_px
        half = int(np.ceil(2 * max(self.fwhm_x_px, self.fwhm_y_px))) + 2
        at = self.ellipse.shifted(x=half - np.floor(self.x), y=half - np.floor(self.y))
        return float(gaussian_2d((2 * half + 2, 2 * half + 2), at).sum(dtype=float))

    def tangent(self, grid: Grid) -> Tangent:
        """One part, and how its spectrum changes with each line."""
        image = self.image((grid.ny, grid.nx))
        return multiplied_tangent(image, self.lines, lambda lines: self._with_lines(lines, grid))

    def brighter(self, factor: float) -> Self:
        """A copy whose continuum and lines are multiplied by `factor`."""
        return replace(self, peak_jy_px=self.peak_jy_px * factor)

    def _with_lines(self, lines: tuple[EmissionLine, ...], grid: Grid) -> np.ndarray:
        brightness: np.ndarray = self.continuum(grid) * over_continuum(
            lines, len(grid.freq_hz), self.continuum_share
        )
        return brightness


@dataclass(frozen=True)
class SkyModel:
    """Sources on a grid; the first sets the noise level and, in the paper, is the target.

    The telescope takes a sky as separable parts, each an image times a spectrum. A Gaussian or a
    point has one part, a rotating disc several; `source_of_part` gives the source of each. The
    first part of a source always contains its brightest channel map.

    reference : a source that is not in the sky but sets the noise level if the sky is empty
    ideal_snrs : signal-to-noise ratios to which an observation is to scale the sources, so that an
        ideal observer sees each one's most significant line at that; None leaves them as they are
    """

    grid: Grid
    components: tuple[SkySource, ...]
    reference: SkySource | None = None
    ideal_snrs: tuple[float, ...] | None = None

    def images(self) -> np.ndarray:
        """(part, y, x) images, unit peak for Gaussians, unit flux for points."""
        return self._parts[0]

    def spectra(self) -> np.ndarray:
        """(part, chan) Jy/pixel where the image is 1."""
        return self._parts[1]

    @property
    def source_of_part(self) -> np.ndarray:
        """(part,) index of each part's source in `components`."""
        return self._parts[2]

    @property
    def first_parts(self) -> np.ndarray:
        """(source,) index of each source's first part."""
        return np.searchsorted(self.source_of_part, np.arange(len(self.components)))

    def for_noise(self) -> SkyModel:
        """The sky that sets the noise level: this one, or the reference alone if this is empty.

        Its first part belongs to the source that gets the target SNR.
        """
        if self.components or self.reference is None:
            return self
        return SkyModel(self.grid, (self.reference,))

    @cached_property
    def _parts(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        grid = self.grid
        if not self.components:
            empty = np.zeros((0, grid.ny, grid.nx)), np.zeros((0, len(grid.freq_hz)))
            return (*empty, np.zeros(0, int))
        parts = [source.parts(grid) for source in self.components]
        owner = np.repeat(np.arange(len(parts)), [len(spectra) for _, spectra in parts])
        images = np.concatenate([images for images, _ in parts])
        return images, np.concatenate([spectra for _, spectra in parts]), owner
