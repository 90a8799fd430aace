"""A population without the paper's peculiarities: no favoured centre, any number, empty skies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.sky.components import SkyModel
from deepfocus.sky.ranges import SourceRanges, brightest_first


@dataclass(frozen=True, kw_only=True)
class SourcesAnywhere(SourceRanges):
    """Sources of any kind anywhere in the field, none favoured by its place.

    sources : least and greatest number in a cube; with 0 the sky may be empty, and its noise is
        then that of a source drawn for the purpose, which is not in the sky
    """

    kind: ClassVar[str] = "corrected"

    sources: tuple[int, int] = (0, 6)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sources[0] < 0:
            raise DeepFocusError(
                f"{self.sources[0]} sources or more",
                wanted="0 or more",
                remedy="correct the [population] settings",
            )

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """One sky, brightest source first."""
        number = int(rng.integers(self.sources[0], self.sources[1] + 1))
        drawn = [self.source(grid, rng, self.draw_flux(rng)) for _ in range(max(number, 1))]
        if number == 0:
            return SkyModel(grid, (), reference=drawn[0])
        return SkyModel(grid, brightest_first(drawn, grid))
