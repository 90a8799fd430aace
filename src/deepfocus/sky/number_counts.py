"""Populations from number counts: a power law of line flux, spread over the field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid
from deepfocus.sky.components import SkyModel
from deepfocus.sky.ranges import SourceRanges


@dataclass(frozen=True, kw_only=True)
class NumberCounts(SourceRanges):
    """dN/dS proportional to S^-slope between the limits of `flux_jy_kms`.

    per_arcmin2 : mean number of sources in the band above the lower limit, per square arcmin of
        the field (see `field_fraction`); the number per cube is Poisson distributed
    """

    kind: ClassVar[str] = "number_counts"

    slope: float = 2.0
    per_arcmin2: float = 40.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.per_arcmin2 < 0:
            raise DeepFocusError(
                f"{self.per_arcmin2:g} sources per square arcmin",
                wanted="0 or more",
                remedy="correct the [population] settings",
            )

    def draw(self, grid: Grid, rng: np.random.Generator) -> SkyModel:
        """One sky, brightest source first; an extra drawn source sets the noise of an empty one."""
        number = int(rng.poisson(self.per_arcmin2 * self.field_arcmin2(grid)))
        return self.sky_of(number, grid, rng)

    def draw_flux(self, rng: np.random.Generator) -> float:
        """Line flux in Jy km/s from the power law, by its inverse cumulative distribution."""
        low, high = self.flux_jy_kms
        share = rng.uniform()
        power = 1 - self.slope
        if abs(power) < 1e-9:
            return float(low * (high / low) ** share)
        return float((low**power + share * (high**power - low**power)) ** (1 / power))

    def field_arcmin2(self, grid: Grid) -> float:
        """Area of the field in which sources lie, square arcmin."""
        side_arcmin = self.field_fraction * grid.cell_arcsec / 60.0
        return float(side_arcmin**2 * grid.nx * grid.ny)
