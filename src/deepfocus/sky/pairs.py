"""Close pairs: two sources at a chosen distance, whose lines coincide, overlap or lie apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.sky.components import Component, EmissionLine, SkyModel, SkySource
from deepfocus.sky.ranges import Range, SourceRanges

TRIES = 1000


@dataclass(frozen=True, kw_only=True)
class Pairs(SourceRanges):
    """Pairs of Gaussian sources with one line each.

    pairs : number of pairs per cube
    separation_px : distance of the two centres
    line_offsets : distances of the two line centres over the mean of their FWHM; each is as likely
        as the others. 0: the same channel; 1: half of each line, centre +- FWHM, lies in the other
    apart_px : smallest distance between the middles of two pairs
    """

    kind: ClassVar[str] = "pairs"

    pairs: tuple[int, int] = (1, 3)
    separation_px: Range = (2.0, 9.0)
    line_offsets: tuple[float, ...] = (0.0, 1.0, 2.5)
    apart_px: float = 60.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.line_offsets or min(self.line_offsets) < 0 or self.pairs[0] < 1:
            raise DeepFocusError(
                f"{self.pairs[0]} pairs or more, line offsets of {self.line_offsets}",
                wanted="at least one pair, and at least one offset, of 0 or more",
                remedy="correct the [population] settings",
            )
        if self.point_fraction or self.disc_fraction or self.lines != (1, 1):
            raise DeepFocusError(
                "pairs of points, discs or sources of several lines",
                wanted="Gaussians with one line each",
                remedy="leave point_fraction, disc_fraction and lines out",
            )

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """One sky. Raises `DeepFocusError` if the pairs do not fit into the field."""
        number = int(rng.integers(self.pairs[0], self.pairs[1] + 1))
        sources: list[SkySource] = []
        for middle in self._middles(number, grid, rng):
            sources.extend(self._pair(middle, grid, rng))
        return self.ordered(sources, grid, rng)

    def _middles(
        self, number: int, grid: Grid, rng: np.random.Generator
    ) -> list[tuple[float, float]]:
        middles: list[tuple[float, float]] = []
        for _ in range(TRIES):
            x, y = self.place(grid, rng)
            if all(np.hypot(x - x0, y - y0) >= self.apart_px for x0, y0 in middles):
                middles.append((x, y))
            if len(middles) == number:
                return middles
        raise DeepFocusError(
            f"no room for {number} pairs",
            wanted=f"places at least {self.apart_px:g} px apart",
            remedy="fewer pairs, a smaller apart_px, a larger image or field_fraction",
        )

    def _pair(
        self, middle: tuple[float, float], grid: Grid, rng: np.random.Generator
    ) -> tuple[Component, Component]:
        first, second = (self.gaussian(grid, rng, self.draw_flux(rng)) for _ in range(2))
        angle = rng.uniform(0, 2 * np.pi)
        reach = rng.uniform(*self.separation_px) / 2
        dx, dy = float(reach * np.cos(angle)), float(reach * np.sin(angle))
        offset = self.line_offsets[rng.integers(len(self.line_offsets))]
        side = 1.0 if rng.uniform() < 0.5 else -1.0
        line = _beside(first.lines[0], second.lines[0], side * offset, len(grid.freq_hz))
        x, y = middle
        return (
            replace(first, x=x - dx, y=y - dy),
            replace(second, x=x + dx, y=y + dy, lines=(line,)),
        )


def _beside(
    first: EmissionLine, second: EmissionLine, offset: float, channels: int
) -> EmissionLine:
    """The second line at that offset from the first; on the other side if the band ends there."""
    distance = offset * (first.fwhm_chan + second.fwhm_chan) / 2
    channel = first.channel + distance
    if not 0 <= channel <= channels - 1:
        channel = first.channel - distance
    return replace(second, channel=channel)
