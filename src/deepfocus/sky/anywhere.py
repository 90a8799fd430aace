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
        return self.sky_of(number, grid, rng)
