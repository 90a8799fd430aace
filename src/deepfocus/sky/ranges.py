"""Common to all populations except the paper's: parameter ranges of one source, and draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.source import GAUSSIAN_AREA
from deepfocus.ops.morphology import axes_from_major_minor
from deepfocus.sky.components import (
    Component,
    EmissionLine,
    SkyModel,
    SkySource,
)
from deepfocus.sky.disc import HALF_LIGHT, Disc, DiscAbsorption, DiscLine
from deepfocus.sky.point import Point

Range = tuple[float, float]

NARROWEST_PX, NARROWEST_CHAN = 0.5, 1.0
"""Of a Gaussian's FWHM: of one that is narrower than half a pixel none may see anything; its values
in the channels of a line of one add up to its flux within 6% wherever it lies."""


@dataclass(frozen=True, kw_only=True)
class SourceRanges:
    """Parameter ranges of one source; draws are uniform unless stated otherwise.

    flux_jy_kms : absolute flux of each line, log-uniform
    fwhm_px : FWHM of the major axis; axis_ratio : minor over major
    pa_deg : position angle of the major axis (for a disc, either half may be the receding one)
    spectral_index : of the continuum
    lines : number of lines per source
    line_amplitude : line peak over continuum; for a disc, line flux over (continuum * line width)
    line_fwhm_chan : line width; for a disc, the full width of its rotation
    line_margin_chan : smallest distance from a line centre to either end of the band; if negative,
        centres may lie outside the band
    edge_fraction : probability that a line is instead centred within one FWHM of an end of the band
    absorption_fraction : probability that a line absorbs; its depth at the centre (for a disc, the
        local depth) is then uniform in absorption_depth; transmissions of overlapping lines
        multiply
    point_fraction, disc_fraction : probabilities of a point and a rotating disc; else a Gaussian
    field_fraction : sources lie in a central square with this fraction of the image's side
    with_continuum : probability that a source has a continuum; every one has if not given
    ideal_snr : signal-to-noise ratio at which an ideal observer sees each source's most significant
        line, log-uniform, in place of flux_jy_kms; needs noise in physical units (pwv)
    """

    flux_jy_kms: Range = (0.1, 10.0)
    fwhm_px: Range = (4.0, 20.0)
    axis_ratio: Range = (0.3, 1.0)
    pa_deg: Range = (0.0, 180.0)
    spectral_index: Range = (-2.0, 4.0)
    lines: tuple[int, int] = (1, 1)
    line_amplitude: Range = (1.0, 20.0)
    line_fwhm_chan: Range = (3.0, 20.0)
    line_margin_chan: float = 0.0
    edge_fraction: float = 0.0
    absorption_fraction: float = 0.0
    absorption_depth: Range = (0.1, 0.9)
    point_fraction: float = 0.0
    disc_fraction: float = 0.0
    field_fraction: float = 0.6
    with_continuum: float | None = None
    ideal_snr: Range | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if _is_range(value) and not value[0] <= value[1]:
                raise _bad(f"{name} = [{value[0]:g}, {value[1]:g}]", "the lower end first")
        for name in ("flux_jy_kms", "fwhm_px", "axis_ratio", "line_amplitude", "line_fwhm_chan"):
            if getattr(self, name)[0] <= 0:
                raise _bad(f"{name} from {getattr(self, name)[0]:g}", "a positive number")
        narrowest = self.fwhm_px[0] * self.axis_ratio[0]
        if narrowest < NARROWEST_PX and self.point_fraction < 1:
            raise _bad(
                f"fwhm_px times axis_ratio from {narrowest:g}",
                f"{NARROWEST_PX:g} pixels or more: a narrower Gaussian may lie between them "
                "(point_fraction makes points)",
            )
        if self.line_fwhm_chan[0] < NARROWEST_CHAN:
            raise _bad(
                f"line_fwhm_chan from {self.line_fwhm_chan[0]:g}",
                f"{NARROWEST_CHAN:g} channel or more: those of a narrower line do not add up to it",
            )
        if not 0 < self.absorption_depth[0] <= self.absorption_depth[1] <= 1:
            raise _bad("absorption_depth", "0 to 1: a line cannot absorb more than the continuum")
        if self.axis_ratio[1] > 1 or self.axis_ratio[0] < 0.09:
            raise _bad("axis_ratio", "within 0.09 to 1 (discs incline by 85 degrees at most)")
        if self.lines[0] < 0:
            raise _bad(f"lines from {self.lines[0]}", "0 or more")
        chances = self.edge_fraction, self.absorption_fraction, self.point_fraction
        if (
            min(*chances, self.disc_fraction) < 0
            or max(
                self.edge_fraction,
                self.absorption_fraction,
                self.point_fraction + self.disc_fraction,
            )
            > 1
        ):
            raise _bad("a fraction", "chances from 0 to 1, point and disc together at most 1")
        if not 0 < self.field_fraction <= 1:
            raise _bad(f"field_fraction {self.field_fraction:g}", "above 0, at most 1")
        if self.with_continuum is not None and not 0 <= self.with_continuum <= 1:
            raise _bad(f"with_continuum {self.with_continuum:g}", "a chance from 0 to 1")
        if self.ideal_snr is not None and self.ideal_snr[0] <= 0:
            raise _bad(f"ideal_snr from {self.ideal_snr[0]:g}", "a positive number")

    def draw_flux(self, rng: np.random.Generator) -> float:
        """Line flux in Jy km/s, log-uniform."""
        return float(np.exp(rng.uniform(*np.log(self.flux_jy_kms))))

    def place(self, grid: Grid, rng: np.random.Generator) -> tuple[float, float]:
        """Random (x, y) in the field."""
        reach = self.field_fraction / 2 * np.array([grid.nx, grid.ny])
        x, y = np.array([grid.nx // 2, grid.ny // 2]) + rng.uniform(-reach, reach)
        return float(x), float(y)

    def sky_of(self, number: int, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """`number` sources, brightest first; for 0, one more is drawn to set the noise level."""
        drawn = [self.source(grid, rng, self.draw_flux(rng)) for _ in range(max(number, 1))]
        if number == 0:
            return SkyModel(grid, (), reference=drawn[0])
        return self.ordered(drawn, grid, rng)

    def ordered(self, drawn: list[SkySource], grid: Grid, rng: np.random.Generator) -> SkyModel:
        """The sky of these sources, brightest or most significant first."""
        if self.ideal_snr is None:
            return SkyModel(grid, brightest_first(drawn, grid))
        low, high = np.log(self.ideal_snr)
        snrs = np.exp(rng.uniform(low, high, size=len(drawn)))
        order = np.argsort(-snrs)
        snrs_in_order = tuple(float(snr) for snr in snrs[order])
        return SkyModel(grid, tuple(drawn[i] for i in order), ideal_snrs=snrs_in_order)

    def source(self, grid: Grid, rng: np.random.Generator, flux_jy_kms: float) -> SkySource:
        """A source whose lines have about this flux; its first emission line has it exactly."""
        kind = rng.uniform()
        if kind < self.point_fraction:
            return self.point(grid, rng, flux_jy_kms)
        if kind < self.point_fraction + self.disc_fraction:
            return self.disc(grid, rng, flux_jy_kms)
        return self.gaussian(grid, rng, flux_jy_kms)

    def gaussian(self, grid: Grid, rng: np.random.Generator, flux_jy_kms: float) -> Component:
        """An elliptical Gaussian."""
        x, y = self.place(grid, rng)
        major = rng.uniform(*self.fwhm_px)
        pa = rng.uniform(*self.pa_deg) % 180.0
        fwhm_x, fwhm_y = axes_from_major_minor(major, major * rng.uniform(*self.axis_ratio), pa)
        lines = self.draw_lines(grid, rng)
        unit = Component(
            x=x,
            y=y,
            fwhm_x_px=float(fwhm_x),
            fwhm_y_px=float(fwhm_y),
            pa=pa,
            peak_jy_px=1.0,
            spectral_index=rng.uniform(*self.spectral_index),
            lines=lines,
            continuum_share=self._continuum_share(rng),
        )
        continuum = self._continuum_jy(lines, grid, rng, flux_jy_kms, unit.spectral_index)
        return Component(**{**vars(unit), "peak_jy_px": continuum / unit.area_px})

    def point(self, grid: Grid, rng: np.random.Generator, flux_jy_kms: float) -> Point:
        """An unresolved source."""
        x, y = self.place(grid, rng)
        lines = self.draw_lines(grid, rng)
        index = rng.uniform(*self.spectral_index)
        continuum = self._continuum_jy(lines, grid, rng, flux_jy_kms, index)
        return Point(
            x=x,
            y=y,
            flux_jy=continuum,
            spectral_index=index,
            lines=lines,
            continuum_share=self._continuum_share(rng),
        )

    def disc(self, grid: Grid, rng: np.random.Generator, flux_jy_kms: float) -> Disc:
        """A rotating disc.

        The axis ratio is the cosine of its inclination; the dispersion is 5% to 15% of the line
        width.
        """
        x, y = self.place(grid, rng)
        scale = rng.uniform(*self.fwhm_px) / (2 * HALF_LIGHT)
        ratio = rng.uniform(*self.axis_ratio)
        drawn = self.draw_lines(grid, rng)
        middle = drawn[0] if drawn else self._line(grid, rng)
        width_kms = middle.fwhm_chan * float(grid.width_kms(1.0, middle.channel))
        sine = max(float(np.sqrt(1 - ratio**2)), 0.2)  # nearly face-on: v_max <= 5 half widths
        amplitude = rng.uniform(*self.line_amplitude)
        continuum = self._continuum_share(rng) * flux_jy_kms / (amplitude * width_kms)
        lines = tuple(
            DiscAbsorption(depth=-line.relative, channel=line.channel)
            if line.relative < 0
            else DiscLine(
                flux_jy_kms=flux_jy_kms * line.relative / drawn[0].relative
                if drawn[0].relative > 0
                else flux_jy_kms,
                channel=line.channel,
            )
            for line in drawn
        )
        return Disc(
            x=x,
            y=y,
            scale_px=scale,
            inclination_deg=float(np.rad2deg(np.arccos(ratio))),
            pa_receding=rng.uniform(*self.pa_deg) + 180.0 * int(rng.integers(2)),
            v_max_kms=width_kms / 2 / sine,
            turnover_px=scale * rng.uniform(0.2, 1.0),
            dispersion_kms=width_kms * rng.uniform(0.05, 0.15),
            lines=lines,
            continuum_jy=continuum,
            spectral_index=rng.uniform(*self.spectral_index),
        )

    def draw_lines(self, grid: Grid, rng: np.random.Generator) -> tuple[EmissionLine, ...]:
        """The lines of one source."""
        number = int(rng.integers(self.lines[0], self.lines[1] + 1))
        return tuple(self._line(grid, rng) for _ in range(number))

    def _line(self, grid: Grid, rng: np.random.Generator) -> EmissionLine:
        fwhm = rng.uniform(*self.line_fwhm_chan)
        last = len(grid.freq_hz) - 1
        margin = min(self.line_margin_chan, last / 2)
        channel = rng.uniform(margin, last - margin)
        if rng.uniform() < self.edge_fraction:
            end = last * int(rng.integers(2))
            channel = end + rng.uniform(-fwhm, fwhm)
        absorbs = rng.uniform() < self.absorption_fraction
        relative = (
            -rng.uniform(*self.absorption_depth) if absorbs else rng.uniform(*self.line_amplitude)
        )
        return EmissionLine(relative=relative, channel=channel, fwhm_chan=fwhm)

    def _continuum_share(self, rng: np.random.Generator) -> float:
        """1 for a source with continuum, else 0."""
        if self.with_continuum is None:
            return 1.0
        return float(rng.uniform() < self.with_continuum)

    def _continuum_jy(
        self,
        lines: tuple[EmissionLine, ...],
        grid: Grid,
        rng: np.random.Generator,
        flux_jy_kms: float,
        spectral_index: float,
    ) -> float:
        """Continuum in the middle of the band that gives the first emission line this flux.

        If there is no emission line, one is drawn just for this.
        """
        chosen = next((line for line in lines if line.relative > 0), None)
        if chosen is None:
            line = self._line(grid, rng)
            chosen = EmissionLine(rng.uniform(*self.line_amplitude), line.channel, line.fwhm_chan)
        last = len(grid.freq_hz) - 1
        hz = np.interp(np.clip(chosen.channel, 0, last), np.arange(last + 1), grid.freq_hz)
        kms = float(grid.width_kms(chosen.fwhm_chan, chosen.channel))
        slope = float((hz / np.mean(grid.freq_hz)) ** spectral_index)
        return flux_jy_kms / (chosen.relative * kms * GAUSSIAN_AREA * slope)


def brightest_first(sources: list[SkySource], grid: Grid) -> tuple[SkySource, ...]:
    """Sources sorted by their brightest line: the first sets the noise level."""

    def flux(source: SkySource) -> float:
        return max((abs(t.flux_jy_kms) for t in source.line_truths(grid)), default=0.0)

    return tuple(sorted(sources, key=flux, reverse=True))


def _is_range(value: object) -> bool:
    """Whether it is two numbers, and not, say, two names."""
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(each, int | float) for each in value)
    )


def _bad(came: str, wanted: str) -> DeepFocusError:
    return DeepFocusError(
        f"population with {came}", wanted=wanted, remedy="correct the [population] settings"
    )
