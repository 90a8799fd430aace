"""Rotating discs: thin, exponential, inclined, with an arctan rotation curve.

Surface brightness falls as exp(-R / scale). The circular velocity is (2 / pi) v_max
arctan(R / turnover) (Courteau 1997). The gas at every position emits a Gaussian line, centred on
its line-of-sight velocity, with the same dispersion everywhere. Gas with the same velocities may
also absorb the local continuum, at most all of it. Pixels and channels contain means over their
extent. The cube of a disc is not an image times a spectrum. But a spectrum depends on position
only through velocity, so a singular value decomposition of the spectra (channel, velocity) gives
a few products that sum to the cube.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import erf

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.source import Ellipse
from deepfocus.ops.line_widths import AT_FIFTH, AT_HALF, crossings
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.sky.components import LineTruth, power_law
from deepfocus.sky.parts import first_of_unit_peak, onto_first_axis
from deepfocus.sky.tangent import Tangent, common_parts, line_spectra, tangent_of

HALF_LIGHT = 1.6783469900166605
"""Radius that encloses half of an exponential disc's light, in scale lengths."""

EXTENT = 12.0
"""Radius of the drawn disc in scale lengths; (1 + 12) exp(-12) = 8e-5 of its light is outside."""

SIGNIFICANT = 1e-5
"""Singular values below this fraction of the largest are dropped."""


@dataclass(frozen=True)
class DiscLine:
    """One emission line of a disc.

    flux_jy_kms : integrated over the whole disc; channel : systemic, fractional
    Raises `DeepFocusError` for a negative flux.
    """

    flux_jy_kms: float
    channel: float

    def __post_init__(self) -> None:
        if self.flux_jy_kms < 0:
            raise DeepFocusError(
                f"a line of a disc with {self.flux_jy_kms:g} Jy km/s",
                wanted="0 or more",
                remedy="use DiscAbsorption, which never absorbs more than the local continuum",
            )


@dataclass(frozen=True)
class DiscAbsorption:
    """One absorption line of a disc; systemic channel, fractional.

    depth : fraction of the local continuum absorbed at the centre of the local line, a Gaussian
        with the disc's dispersion. The whole disc's line is shallower, because local lines differ
        in velocity.
    Raises `DeepFocusError` unless depth is above 0 and at most 1.
    """

    depth: float
    channel: float

    def __post_init__(self) -> None:
        if not 0 < self.depth <= 1:
            raise DeepFocusError(
                f"an absorption line of depth {self.depth:g}",
                wanted="above 0, at most 1: a line cannot absorb more than the continuum",
                remedy="correct its depth",
            )


@dataclass(frozen=True)
class Disc:
    """An inclined rotating disc.

    x, y : 0-based pixel position of the centre
    scale_px : exponential scale length; inclination_deg : 0 is face-on, at most 85
    pa_receding : position angle of the receding half of the major axis, north through east
    v_max_kms : asymptotic rotation velocity; turnover_px : turnover radius of the arctan curve
    dispersion_kms : standard deviation of the local line
    lines : emission, and absorption of the continuum only: the emission lies in front of it
    continuum_jy : flux density in the middle of the band, distributed on the sky as the lines are
    """

    x: float
    y: float
    scale_px: float
    inclination_deg: float
    pa_receding: float
    v_max_kms: float
    turnover_px: float
    dispersion_kms: float
    lines: tuple[DiscLine | DiscAbsorption, ...]
    continuum_jy: float = 0.0
    spectral_index: float = 0.0

    def __post_init__(self) -> None:
        lengths = min(self.scale_px, self.turnover_px, self.dispersion_kms)
        if not 0 <= self.inclination_deg <= 85 or not lengths > 0 or self.v_max_kms < 0:
            raise DeepFocusError(
                f"a disc inclined by {self.inclination_deg:g} deg, scale {self.scale_px:g} px, "
                f"turnover {self.turnover_px:g} px, v_max {self.v_max_kms:g} km/s, "
                f"dispersion {self.dispersion_kms:g} km/s",
                wanted="inclination from 0 to 85 deg, v_max >= 0 and the others positive",
                remedy="a thin disc has no edge-on limit; turn pa_receding by 180 for v_max < 0",
            )

    @property
    def ellipse(self) -> Ellipse:
        """The Gaussian with the disc's half-light ellipse: FWHM 3.357 scale lengths."""
        major, pa = 2 * HALF_LIGHT * self.scale_px, self.pa_receding % 180.0
        first, second = axes_from_major_minor(major, major * self._flattening, pa)
        return Ellipse(self.x, self.y, float(first), float(second), pa)

    @property
    def _flattening(self) -> float:
        return float(np.cos(np.deg2rad(self.inclination_deg)))

    def line_of_sight_kms(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Velocity along the line of sight at pixel positions; positive recedes."""
        along, radius = self._along_and_radius(x, y)
        sine = np.sin(np.deg2rad(self.inclination_deg))
        azimuth = np.divide(along, radius, out=np.zeros_like(radius), where=radius > 0)
        recession_kms: np.ndarray = self._rotation_kms(radius) * sine * azimuth
        return recession_kms

    def image(self, shape: tuple[int, int]) -> np.ndarray:
        """(y, x) unit-peak image of all emission summed over frequency."""
        total = self._drawn(shape, np.array([0.0, 1.0]), np.ones((1, 2)))[0]
        peak = total.max()
        unit_peak: np.ndarray = (total / peak if peak > 0 else total).astype(np.float32)
        return unit_peak

    def parts(self, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
        """Images (part, y, x) and spectra (part, chan) whose products sum to the disc, Jy/pixel.

        The parts are rotated so that all but the first vanish in the channel with the most flux:
        the first part's image is that channel map, with peak 1.
        """
        kms = self._velocities_kms()
        spectra = self.local_spectra(grid, kms)
        left, values, right = np.linalg.svd(spectra, full_matrices=False)
        rank = max(int(np.sum(values > SIGNIFICANT * values[0])), 1)
        left, coefficients = left[:, :rank], values[:rank, None] * right[:rank]
        total = self.spectrum(grid)
        turn = onto_first_axis(left[int(np.argmax(np.abs(total)))])
        images = self._drawn((grid.ny, grid.nx), kms, turn @ coefficients)
        return first_of_unit_peak(images, (left @ turn.T).T)

    def tangent(self, grid: Grid) -> Tangent:
        """Its parts, and how their spectra change with each line.

        A wider line is that of a disc whose velocities are all larger.
        """
        kms = self._velocities_kms()
        widths = tuple(truth.fwhm_chan for truth in self.line_truths(grid))

        def changed(i: int, channels: float, factor: float) -> np.ndarray:
            stretch = np.ones(len(self.lines))
            if not self.lines:
                return self.local_spectra(grid, kms)
            stretch[i] = factor
            moved = replace(self.lines[i], channel=self.lines[i].channel + channels)
            lines = (*self.lines[:i], moved, *self.lines[i + 1 :])
            return replace(self, lines=lines).local_spectra(grid, kms, stretch)

        def without(i: int) -> np.ndarray:
            lines = (*self.lines[:i], *self.lines[i + 1 :])
            return replace(self, lines=lines).local_spectra(grid, kms)

        spectra, coefficients = common_parts(line_spectra(changed, without, widths), widths)
        return tangent_of(self._drawn((grid.ny, grid.nx), kms, coefficients), spectra)

    def brighter(self, factor: float) -> Self:
        """A copy whose continuum and emission lines are multiplied by `factor`."""
        lines = tuple(
            replace(line, flux_jy_kms=line.flux_jy_kms * factor)
            if isinstance(line, DiscLine)
            else line
            for line in self.lines
        )
        return replace(self, lines=lines, continuum_jy=self.continuum_jy * factor)

    def _velocities_kms(self) -> np.ndarray:
        """Velocities between which spectra are interpolated, with an error below 1e-4."""
        reach = self.v_max_kms * np.sin(np.deg2rad(self.inclination_deg)) + self.dispersion_kms
        points = int(np.ceil(16 * reach / self.dispersion_kms)) + 1
        return np.linspace(-reach, reach, max(points, 33))

    def spectrum(self, grid: Grid) -> np.ndarray:
        """(chan,) flux density of the whole disc, Jy, from its light at each velocity."""
        kms, light = self._light_by_velocity()
        flux_density: np.ndarray = self.local_spectra(grid, kms) @ light
        return flux_density

    def line_truths(self, grid: Grid) -> tuple[LineTruth, ...]:
        """True properties of each line; the width is that of the whole disc's line (W50).

        Emission lines have the flux that was set. An absorption line alone takes the same fraction
        of the continuum at every position, whatever its velocity:
        flux = -depth * continuum * sqrt(2 pi) * dispersion.
        """
        channels = np.arange(len(grid.freq_hz))
        continuum = power_law(self.continuum_jy, self.spectral_index, grid)
        kms, per_kms = self._whole_line()
        width_kms, w20_kms = (
            float(np.ptp(crossings(kms, per_kms, share))) for share in (AT_HALF, AT_FIFTH)
        )
        at_line = [float(np.interp(line.channel, channels, continuum)) for line in self.lines]
        area_kms = np.sqrt(2 * np.pi) * self.dispersion_kms
        fluxes = [
            line.flux_jy_kms
            if isinstance(line, DiscLine)
            else -line.depth * at_line[i] * float(area_kms)
            for i, line in enumerate(self.lines)
        ]
        heights = [
            flux * _highest_within(grid, line, kms, per_kms)
            for flux, line in zip(fluxes, self.lines, strict=True)
        ]
        tops = [c + max(h, 0.0) for c, h in zip(at_line, heights, strict=True)]
        shift_px = width_kms * self._px_per_kms()
        brightest = max(tops, default=0.0) or 1.0
        return tuple(
            LineTruth(
                channel=line.channel,
                fwhm_chan=width_kms / _channel_kms(grid, line),
                w20_chan=w20_kms / _channel_kms(grid, line),
                flux_jy_kms=fluxes[i],
                continuum_jy=at_line[i],
                peak_share=tops[i] / brightest,
                line_share=heights[i] / brightest,
                shift_px=shift_px,
                kinematic_pa=self.pa_receding % 360.0,
            )
            for i, line in enumerate(self.lines)
        )

    def _rotation_kms(self, radius_px: np.ndarray) -> np.ndarray:
        circular_kms: np.ndarray = (
            2 / np.pi * self.v_max_kms * np.arctan(radius_px / self.turnover_px)
        )
        return circular_kms

    def _along_and_radius(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distance along the receding axis and radius in the disc's plane, pixels."""
        angle = np.deg2rad(self.pa_receding)
        dx, dy = x - self.x, y - self.y
        along = -dx * np.sin(angle) + dy * np.cos(angle)
        across = (dx * np.cos(angle) + dy * np.sin(angle)) / self._flattening
        return along, np.hypot(along, across)

    def local_spectra(
        self, grid: Grid, kms: np.ndarray, stretch: np.ndarray | None = None
    ) -> np.ndarray:
        """(chan, velocity) spectrum of the gas at each line-of-sight velocity; never negative.

        stretch : (line,) factor on the velocities and the dispersion as a line shows them; 1
            unless given

        In Jy, as if the whole disc had that velocity. The transmission of each absorption line is
        averaged over each channel; these averages are then multiplied.
        """
        stretch = np.ones(len(self.lines)) if stretch is None else stretch
        continuum = power_law(self.continuum_jy, self.spectral_index, grid)
        out = np.repeat(continuum[:, None], len(kms), axis=1)
        for line, factor in zip(self.lines, stretch, strict=True):
            if isinstance(line, DiscAbsorption):
                # the mean of a unit-peak Gaussian over a channel
                area_chan = np.sqrt(2 * np.pi) * self.dispersion_kms / _channel_kms(grid, line)
                out *= 1 - line.depth * area_chan * self._in_channels(grid, line, kms, factor)
        for line, factor in zip(self.lines, stretch, strict=True):
            if isinstance(line, DiscLine):
                per_channel = line.flux_jy_kms / _channel_kms(grid, line)
                out += per_channel * self._in_channels(grid, line, kms, factor)
        return out

    def _in_channels(
        self, grid: Grid, line: DiscLine | DiscAbsorption, kms: np.ndarray, stretch: float
    ) -> np.ndarray:
        """(chan, velocity) fraction of the line that gas at each velocity emits in each channel.

        stretch : factor on velocities and dispersion
        """
        index = np.arange(len(grid.freq_hz))
        # receding gas is seen at lower frequency
        direction = -np.sign(grid.freq_hz[-1] - grid.freq_hz[0])
        channel_kms = _channel_kms(grid, line)
        centre = line.channel + direction * kms * stretch / channel_kms
        sigma = self.dispersion_kms * stretch / channel_kms * np.sqrt(2)
        edges = (np.append(index - 0.5, index[-1] + 0.5)[:, None] - centre) / sigma
        share: np.ndarray = np.diff(erf(edges), axis=0) / 2
        return share

    def _drawn(self, shape: tuple[int, int], kms: np.ndarray, values: np.ndarray) -> np.ndarray:
        """(part, y, x): light of each pixel times `values` (part, velocity) at its velocity.

        Each pixel is the mean of enough samples that the central cusp and a thin minor axis lose
        less than 1e-4 of the light.
        """
        out = np.zeros((len(values), *shape))
        ny, nx = shape
        reach = EXTENT * self.scale_px
        rows = slice(max(int(self.y - reach), 0), min(int(self.y + reach) + 2, ny))
        columns = slice(max(int(self.x - reach), 0), min(int(self.x + reach) + 2, nx))
        y, x = np.mgrid[rows, columns].astype(float)
        if not y.size:
            return out
        fine = int(np.clip(np.ceil(4.3 / (self.scale_px * self._flattening)), 1, 20))
        offsets = (np.arange(fine) + 0.5) / fine - 0.5
        area = 2 * np.pi * self.scale_px**2 * self._flattening
        curves = CubicSpline(kms, values, axis=1) if len(kms) > 2 else None
        for dy in offsets:
            for dx in offsets:
                radius = self._along_and_radius(x + dx, y + dy)[1]
                light = np.exp(-radius / self.scale_px) / (area * fine**2)
                if curves is None:
                    out[:, rows, columns] += values[:, :1, None] * light
                else:
                    seen = curves(self.line_of_sight_kms(x + dx, y + dy).ravel())
                    out[:, rows, columns] += seen.reshape(-1, *light.shape) * light
        return out

    def _rings(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Quadrature in radius and azimuth: place along the receding axis (px), velocity (km/s)
        and light of each."""
        scaled, weights = np.polynomial.legendre.leggauss(192)
        radius = EXTENT * (scaled + 1) / 2
        ring = weights * EXTENT / 2 * radius * np.exp(-radius)
        azimuth = np.cos((np.arange(512) + 0.5) * np.pi / 512)
        sine = np.sin(np.deg2rad(self.inclination_deg))
        along = radius[:, None] * self.scale_px * azimuth
        kms = self._rotation_kms(radius * self.scale_px)[:, None] * sine * azimuth
        return along, kms, np.repeat(ring[:, None] / 512, 512, axis=1)

    def _px_per_kms(self) -> float:
        """What a line's centre moves along the receding axis with velocity."""
        along, kms, share = self._rings()
        covariance = np.sum(share * along * kms) / share.sum()
        variance = np.sum(share * kms**2) / share.sum() + self.dispersion_kms**2
        return float(covariance / variance)

    def _light_by_velocity(self) -> tuple[np.ndarray, np.ndarray]:
        """Velocities (km/s) and the fraction of light at each."""
        _, kms, share = self._rings()
        top = max(float(np.abs(kms).max()), 1e-9)
        bins = max(int(np.ceil(16 * top / self.dispersion_kms)), 1)
        light, edges = np.histogram(kms, bins=bins, range=(-top, top), weights=share)
        return (edges[1:] + edges[:-1]) / 2, light / light.sum()

    def _whole_line(self) -> tuple[np.ndarray, np.ndarray]:
        """Velocities (km/s) and the whole disc's line profile, per unit flux (per km/s)."""
        kms, light = self._light_by_velocity()
        reach = float(np.abs(kms).max()) + 5 * self.dispersion_kms
        at = np.linspace(-reach, reach, 8 * len(kms) + 801)
        kernel = np.exp(-0.5 * ((at[:, None] - kms) / self.dispersion_kms) ** 2)
        return at, kernel @ light / (np.sqrt(2 * np.pi) * self.dispersion_kms)


def _channel_kms(grid: Grid, line: DiscLine | DiscAbsorption) -> float:
    return float(grid.width_kms(1.0, line.channel))


def _highest_within(
    grid: Grid, line: DiscLine | DiscAbsorption, kms: np.ndarray, per_kms: np.ndarray
) -> float:
    """Maximum, within the band, of a line (velocity,) symmetric about its systemic channel."""
    last = len(grid.freq_hz) - 1
    ends = (np.array([0.0, last]) - line.channel) * _channel_kms(grid, line)
    inside = per_kms[(kms > ends[0]) & (kms < ends[1])]
    at_ends = np.interp(ends, kms, per_kms, left=0.0, right=0.0)
    return float(max(inside.max(initial=0.0), at_ends.max()))
