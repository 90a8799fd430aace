"""Dirty cubes of a small observation, for tests of the finder that knows the dirty beam."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import telescope_of
from deepfocus.sky.components import Component

SIGMA_JY = 1e-3


def dirty_cube(
    observation: Observation, sources: Sequence[Component], noise: White | Thermal, seed: int
) -> Cube:
    """Of sources, with noise of SIGMA_JY; its PSF is as wide as its images."""
    telescope = telescope_of(observation)
    drawn = noise.draw(telescope, np.random.default_rng(seed))
    data = drawn * np.float32(SIGMA_JY / drawn.std())
    for each in sources:
        images, spectra = each.parts(telescope.grid)
        data = data + telescope.dirty_cube(telescope.dirty_components(images), spectra)
    return Cube(
        data=data.astype(np.float32),
        grid=telescope.grid,
        beam=telescope.beam,
        psf=telescope.psf,
        psf_channels=telescope.node_channels,
        primary_beam=telescope.primary_beam,
    )
