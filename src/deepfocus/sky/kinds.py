"""The kinds of population a settings file can name: `[population] kind = "corrected"`."""

from __future__ import annotations

from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.sky.blends import Blends
from deepfocus.sky.galaxies_anywhere import GalaxiesAnywhere
from deepfocus.sky.number_counts import NumberCounts
from deepfocus.sky.pairs import Pairs
from deepfocus.sky.population import PaperPopulation
from deepfocus.sky.sky_cube import SkyCube

Population = (
    PaperPopulation | SourcesAnywhere | NumberCounts | Blends | Pairs | GalaxiesAnywhere | SkyCube
)
"""The first is the default if a file names none; each has `draw(grid, rng) -> SkyModel`."""
