"""The paper's population: the distribution from which the sources of its cubes are drawn."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.sky.components import Component, EmissionLine, SkyModel

Range = tuple[float, float]


@dataclass(frozen=True)
class PaperPopulation:
    """The paper's Table 1: a central source and 2 to 5 others, none brighter than it.

    Everything is uniform in its range. Two interpretations (docs/decisions): the paper's size is
    the Gaussian's sigma, as in its own code; its angle is clockwise from the x axis.

    companions : number of sources in addition to the central one
    amplitude : continuum peak, arbitrary units; line_amplitude : line peak over continuum
    sigma_px, angle_deg, spectral_index, line_fwhm_chan : as named
    offset_px : position in x and y relative to the phase centre (the paper's 100-250 of 360)
    line_channel : line centre in 128 channels; the range scales with the number of channels
    brightest_jy_px : the sky cube is scaled to this maximum (simobserve's inbright)
    """

    kind: ClassVar[str] = "paper"

    companions: tuple[int, int] = (2, 5)
    amplitude: Range = (1.0, 5.0)
    sigma_px: Range = (2.0, 8.0)
    spectral_index: Range = (-2.0, 2.0)
    offset_px: Range = (-80.0, 70.0)
    angle_deg: Range = (0.0, 90.0)
    line_amplitude: Range = (1.0, 5.0)
    line_channel: Range = (10.0, 110.0)
    line_fwhm_chan: Range = (3.0, 10.0)
    brightest_jy_px: float = 0.001

    def __post_init__(self) -> None:
        ranges = {f.name: getattr(self, f.name) for f in fields(self) if f.type != "float"}
        backwards = [name for name, (low, high) in ranges.items() if low > high]
        positive = ("amplitude", "sigma_px", "line_fwhm_chan")
        not_positive = [name for name in positive if ranges[name][0] <= 0]
        if backwards or not_positive or self.companions[0] < 0 or self.brightest_jy_px <= 0:
            other = "companions" if self.companions[0] < 0 else "brightest_jy_px"
            name = next(iter(backwards + not_positive), other)
            raise DeepFocusError(
                f"[population] {name} = {getattr(self, name)}",
                wanted="the lower end first, and positive numbers, widths and amplitudes",
                remedy="correct the [population] settings",
            )

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """One sky; the central source lies exactly on the phase centre pixel."""
        number = int(rng.integers(self.companions[0], self.companions[1] + 1))
        centre = self._component(grid, rng, central=True)
        others: list[Component] = []
        while len(others) < number:
            # redrawn from Table 1 until its emission peak is no higher than the central one's
            other = self._component(grid, rng, central=False)
            if emission_peak(other) <= emission_peak(centre):
                others.append(other)
        return _scaled(grid, (centre, *others), self.brightest_jy_px)

    def _component(self, grid: Grid, rng: np.random.Generator, *, central: bool) -> Component:
        middle = grid.nx // 2, grid.ny // 2
        offset = (0.0, 0.0) if central else rng.uniform(*self.offset_px, size=2)
        clockwise = rng.uniform(*self.angle_deg)
        first, second = rng.uniform(*self.sigma_px, size=2) * FWHM_PER_SIGMA
        amplitude = rng.uniform(*self.amplitude)
        index = rng.uniform(*self.spectral_index)
        scale = (len(grid.freq_hz) - 1) / 127
        line = EmissionLine(
            relative=rng.uniform(*self.line_amplitude),
            channel=rng.uniform(*self.line_channel) * scale,
            fwhm_chan=rng.uniform(*self.line_fwhm_chan),
        )
        fwhm_x, fwhm_y, pa = from_clockwise(first, second, clockwise)
        return Component(
            x=middle[0] + offset[0],
            y=middle[1] + offset[1],
            fwhm_x_px=fwhm_x,
            fwhm_y_px=fwhm_y,
            pa=pa,
            peak_jy_px=amplitude,
            spectral_index=index,
            lines=(line,),
        )


def emission_peak(component: Component) -> float:
    """Surface brightness of continuum plus line at the line's centre."""
    return component.peak_jy_px * (1 + max((line.relative for line in component.lines), default=0))


def from_clockwise(
    first_fwhm: float, second_fwhm: float, clockwise_deg: float
) -> tuple[float, float, float]:
    """(fwhm_x, fwhm_y, pa of the major axis) from the paper's axes, turned clockwise by t, 0 to 90.

    The paper's first axis then has position angle 90 - t and its second 180 - t.
    """
    pa_first = 90.0 - clockwise_deg
    pa = pa_first if first_fwhm >= second_fwhm else pa_first + 90.0
    return first_fwhm, second_fwhm, pa % 180.0


def _scaled(grid: Grid, components: tuple[Component, ...], brightest_jy_px: float) -> SkyModel:
    """The sky, scaled so that its cube's maximum is `brightest_jy_px`.

    The maximum lies at a component's centre, near the centre of its line.
    """
    sky = SkyModel(grid, components)
    images, spectra = sky.images(), sky.spectra()
    at = [
        (min(max(round(c.y), 0), grid.ny - 1), min(max(round(c.x), 0), grid.nx - 1))
        for c in components
    ]
    values = np.stack([images[:, y, x] for y, x in at])
    factor = brightest_jy_px / float((values @ spectra).max())
    return SkyModel(grid, tuple(replace(c, peak_jy_px=c.peak_jy_px * factor) for c in components))
