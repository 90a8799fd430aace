"""The kinds of population that a settings file can name: `[population] kind = "corrected"`."""

from __future__ import annotations

from deepfocus.sky.anywhere import SourcesAnywhere
from deepfocus.sky.blends import Blends
from deepfocus.sky.number_counts import NumberCounts
from deepfocus.sky.population import PaperPopulation

Population = PaperPopulation | SourcesAnywhere | NumberCounts | Blends
"""The first is meant where a file names none; each has `draw(grid, rng) -> SkyModel`."""
