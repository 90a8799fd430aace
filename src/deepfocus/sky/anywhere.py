"""A population without the paper's peculiarities: no central source, any number, empty skies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.sky.components import SkyModel
from deepfocus.sky.ranges import SourceRanges


@dataclass(frozen=True, kw_only=True)
class SourcesAnywhere(SourceRanges):
    """Sources of any kind, spread uniformly over the field.

    sources : smallest and largest number per cube; if the smallest is 0, a sky may be empty, and
        an extra drawn source, which is not in the sky, then sets the noise level
    empty_fraction : probability of an empty sky, whatever `sources` says
    """

    kind: ClassVar[str] = "corrected"

    sources: tuple[int, int] = (0, 6)
    empty_fraction: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        empty = self.empty_fraction or 0.0
        if self.sources[0] < 0 or not 0 <= empty <= 1:
            raise DeepFocusError(
                f"{self.sources[0]} sources or more, none in a fraction of {empty:g} of the skies",
                wanted="0 sources or more, a fraction from 0 to 1",
                remedy="correct the [population] settings",
            )

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """One sky, brightest source first."""
        number = int(rng.integers(self.sources[0], self.sources[1] + 1))
        if self.empty_fraction is not None and rng.uniform() < self.empty_fraction:
            number = 0
        return self.sky_of(number, grid, rng)
