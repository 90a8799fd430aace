"""A `Scene`: a sky as a telescope shows it, and how it is added to the noise of its cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.noise import Noise
from deepfocus.instrument.telescope import Telescope
from deepfocus.simulation.limits import Limits
from deepfocus.simulation.uncleaned import Uncleaned
from deepfocus.simulation.view import View
from deepfocus.sky.components import SkyModel

BLOCK_BYTES = 8 * 2**20
"""Size of one block of the noise-free cube, which is added to the noise block by block."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A sky seen by a telescope, before the cube is assembled.

    view : how the cube shows the sky; its telescope's beam is that of the cube
    components : (part, node, y, x) images of the sky's parts through that beam, at unit spectrum
    spectra : (part, chan) Jy/pixel; peaks : (part,) brightest voxel of each part, Jy/beam
    noise : noise of the assembled cube
    limits : of each line of each source
    uncleaned : what CLEAN left of the sky; None if nothing
    """

    view: View
    sky: SkyModel
    components: np.ndarray
    spectra: np.ndarray
    peaks: np.ndarray
    noise: Noise
    limits: Limits
    uncleaned: Uncleaned | None = None

    @property
    def telescope(self) -> Telescope:
        return self.view.telescope

    def brighter(self, factors: Sequence[float]) -> Scene:
        """The scene with each of its sources that much brighter, before CLEAN leaves anything."""
        assert self.uncleaned is None
        of_parts = np.array(factors)[self.sky.source_of_part]
        sources = tuple(
            source.brighter(factor)
            for source, factor in zip(self.sky.components, factors, strict=True)
        )
        return replace(
            self,
            sky=replace(self.sky, components=sources),
            spectra=self.spectra * of_parts[:, None],
            peaks=self.peaks * of_parts,
            limits=tuple(
                tuple(limit.brighter(factor) for limit in limits)
                for limits, factor in zip(self.limits, factors, strict=True)
            ),
        )

    def noise_free(self) -> np.ndarray:
        """(chan, y, x) cube of the sky alone, Jy/beam."""
        return self._rows(slice(None))

    def summed(self) -> np.ndarray:
        """(y, x) the cube of the sky alone summed over channels, Jy/beam * chan, without it."""
        return sum(
            (
                np.einsum(
                    "pk,pkyx->yx",
                    (spectra @ self.telescope.interpolation.T).astype(np.float32),
                    components,
                )
                for components, spectra in self._layers()
            ),
            np.zeros((self.telescope.size, self.telescope.size), np.float32),
        )

    def _layers(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Images (part, node, y, x) and spectra (part, chan) of all that the cube shows."""
        if self.uncleaned is None:
            return [(self.components, self.spectra)]
        share = self.uncleaned.share
        return [
            (self.components, self.spectra * (1 - share)),
            (self.uncleaned.components, self.spectra * share),
        ]

    def _rows(self, rows: slice) -> np.ndarray:
        """(chan, y, x) those rows of the cube of the sky alone."""
        (images, spectra), *left = self._layers()
        cube = self.telescope.dirty_cube(images[..., rows, :], spectra)
        for images, spectra in left:
            cube += self.telescope.dirty_cube(images[..., rows, :], spectra)
        return cube

    def add_to(self, noise: np.ndarray) -> np.ndarray:
        """Turn `noise` (chan, y, x), of unit standard deviation, into the cube in place.

        Processes a few rows of all channels at a time, so that no second cube is in memory.
        """
        assert self.noise.sigma_jy_beam is not None
        levels = self.noise.sigma_jy_beam.astype(np.float32)[:, None, None]
        channels, ny, nx = noise.shape
        step = max(1, BLOCK_BYTES // (4 * channels * nx))
        for y in range(0, ny, step):
            rows = noise[:, y : y + step]
            rows *= levels
            rows += self._rows(slice(y, y + step))
        return noise
