"""Controlled blends: pairs of sources whose boxes and lines overlap by a requested amount."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from deepfocus.core.channels import around
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.ops.boxes import Box, iou_2d, source_box
from deepfocus.sky.components import Component, EmissionLine, SkyModel, SkySource
from deepfocus.sky.ranges import SourceRanges

TRIES = 1000


@dataclass(frozen=True, kw_only=True)
class Blends(SourceRanges):
    """Pairs of Gaussian sources with one line each; different pairs do not overlap.

    pairs : number of pairs per cube
    blendness : intersection over union of the two boxes (Eq 22); no other box overlaps theirs
    line_overlap : intersection over union of the two channel ranges, channel +- FWHM
    """

    kind: ClassVar[str] = "blends"

    pairs: tuple[int, int] = (1, 3)
    blendness: tuple[float, float] = (0.1, 0.6)
    line_overlap: tuple[float, float] = (0.0, 1.0)
    fwhm_px: tuple[float, float] = (4.0, 12.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        shares = (*self.blendness, *self.line_overlap)
        if min(shares) < 0 or max(shares) > 1 or self.lines != (1, 1) or self.pairs[0] < 1:
            raise DeepFocusError(
                f"blends of {self.pairs[0]} or more pairs, blendness {self.blendness}, line "
                f"overlap {self.line_overlap}, lines {self.lines}",
                wanted="at least one pair, overlaps from 0 to 1 and one line a source",
                remedy="correct the [population] settings",
            )
        if self.point_fraction or self.disc_fraction:
            raise DeepFocusError(
                "blends of points or discs",
                wanted="Gaussians: a point has no box, and a disc's box is not defined by it",
                remedy="leave point_fraction and disc_fraction out",
            )

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """One sky. Raises `DeepFocusError` if the pairs do not fit into the field."""
        number = int(rng.integers(self.pairs[0], self.pairs[1] + 1))
        sources: list[SkySource] = []
        boxes: list[Box] = []
        while len(sources) < 2 * number:
            pair = self._pair_apart(grid, rng, boxes)
            sources.extend(pair)
            boxes.extend(box_of(source) for source in pair)
        return self.ordered(sources, grid, rng)

    def _pair_apart(
        self, grid: Grid, rng: np.random.Generator, boxes: list[Box]
    ) -> tuple[Component, Component]:
        for _ in range(TRIES):
            pair = self.pair(grid, rng)
            own = [box_of(source) for source in pair]
            if all(iou_2d(one, other) == 0 for one in own for other in boxes):
                return pair
        raise DeepFocusError(
            f"no room for another pair after {len(boxes) // 2}",
            wanted="pairs that do not touch each other",
            remedy="fewer or smaller sources, a larger image or field_fraction",
        )

    def pair(self, grid: Grid, rng: np.random.Generator) -> tuple[Component, Component]:
        """Two sources whose boxes and lines overlap by drawn amounts."""
        first = self.gaussian(grid, rng, self.draw_flux(rng))
        second = self.gaussian(grid, rng, self.draw_flux(rng))
        second = self._moved(first, second, rng.uniform(*self.blendness), rng)
        line = self._line_moved(
            first.lines[0], second.lines[0], rng.uniform(*self.line_overlap), grid, rng
        )
        return first, replace(second, lines=(line,))

    def _moved(
        self, first: Component, second: Component, wanted: float, rng: np.random.Generator
    ) -> Component:
        """The second source, moved to the wanted overlap with the first, in a random direction.

        If their shapes differ too much for that overlap even at the same position, the second
        takes the first's shape.
        """
        here = box_of(first)
        if iou_2d(here, box_of(replace(second, x=first.x, y=first.y))) < wanted:
            second = replace(
                second,
                fwhm_x_px=first.fwhm_x_px,
                fwhm_y_px=first.fwhm_y_px,
                pa=first.pa,
                peak_jy_px=second.peak_jy_px * second.area_px / first.area_px,
            )
        angle = rng.uniform(0, 2 * np.pi)

        def at(distance: float) -> Component:
            x, y = first.x + distance * np.cos(angle), first.y + distance * np.sin(angle)
            return replace(second, x=float(x), y=float(y))

        far = 3 * max(first.fwhm_x_px, first.fwhm_y_px, second.fwhm_x_px, second.fwhm_y_px)
        return at(_distance_at_overlap(wanted, lambda d: iou_2d(here, box_of(at(d))), far))

    def _line_moved(
        self,
        first: EmissionLine,
        second: EmissionLine,
        wanted: float,
        grid: Grid,
        rng: np.random.Generator,
    ) -> EmissionLine:
        """The second line, moved to the wanted overlap with the first.

        It moves to a random side, or to the other side if that takes it out of the band.
        """
        if min(first.fwhm_chan, second.fwhm_chan) < wanted * max(first.fwhm_chan, second.fwhm_chan):
            second = replace(second, fwhm_chan=first.fwhm_chan)

        def overlap(distance: float) -> float:
            return around(0.0, first.fwhm_chan).iou(around(distance, second.fwhm_chan))

        distance = _distance_at_overlap(wanted, overlap, 2 * (first.fwhm_chan + second.fwhm_chan))
        side = 1.0 if rng.uniform() < 0.5 else -1.0
        channel = first.channel + side * distance
        if not 0 <= channel <= len(grid.freq_hz) - 1:
            channel = first.channel - side * distance
        return replace(second, channel=channel)


def box_of(source: SkySource) -> Box:
    """The source's box."""
    return source_box(source.ellipse)


def _distance_at_overlap(wanted: float, overlap: Callable[[float], float], far: float) -> float:
    """Distance at which the falling `overlap` reaches `wanted`, by bisection from 0 to `far`."""
    near = 0.0
    for _ in range(60):
        middle = (near + far) / 2
        if overlap(middle) > wanted:
            near = middle
        else:
            far = middle
    return far
