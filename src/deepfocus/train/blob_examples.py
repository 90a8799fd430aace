"""Examples for Blobs Finder: integrated dirty images and their target maps.

Images are stored at the simulated size (360x360). Training batches are flipped, rotated by right
angles and cropped at random, so a source can lie anywhere and even be cut by an edge. Validation
uses the central 256x256 pixels, as in the paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from deepfocus.ops.gaussians import gaussian_2d
from deepfocus.simulation.cube import integrated_image
from deepfocus.simulation.settings import SetSettings
from deepfocus.train.roles import IMAGE, MAP, Pair

if TYPE_CHECKING:
    from deepfocus.sky.components import SkyModel, SkySource

CENTRE_PX = 256
HALVED_PX = 16
"""Sides of what networks see are multiples of it: they halve images four times."""
POINT_PX = 1.0
"""FWHM of a point's blob."""


@dataclass(frozen=True, eq=False)
class BlobExamples:
    """images (n, y, x) float16, normalised; targets (n, y, x) uint8, 255 for probability 1.

    crop_px : side of a training crop; 192 shows the same sources as 256 at half the cost
    """

    images: np.ndarray
    targets: np.ndarray
    crop_px: int = 192

    def batches(self, size: int, *, rng: np.random.Generator) -> Iterator[Pair]:
        """Shuffled, augmented batches (b, 1, crop_px, crop_px) of input and target."""
        order = rng.permutation(len(self.images))
        for start in range(0, len(order) - size + 1, size):
            pairs = [self._augmented(i, rng) for i in order[start : start + size]]
            yield _stack([image for image, _ in pairs]), _stack([target for _, target in pairs])

    def centred(self, size: int) -> Iterator[Pair]:
        """Batches of the central crops, in order and unaugmented: for validation."""
        side = _halved(min(CENTRE_PX, self.images.shape[-1]))
        start = (self.images.shape[-1] - side) // 2
        window = np.s_[:, start : start + side, start : start + side]
        images, targets = self.images[window], self.targets[window]
        for first in range(0, len(images), size):
            chosen = slice(first, first + size)
            yield _stack(images[chosen]), _stack(targets[chosen] / np.float32(255))

    def _augmented(self, i: int, rng: np.random.Generator) -> Pair:
        turns, flip = int(rng.integers(4)), bool(rng.integers(2))
        side = _halved(min(self.crop_px, self.images.shape[-1]))
        y, x = rng.integers(0, np.array(self.images.shape[1:]) - side + 1)
        pair = []
        for source in (self.images[i], self.targets[i]):
            window = source[y : y + side, x : x + side]
            turned = np.rot90(window, turns)
            pair.append(turned[:, ::-1] if flip else turned)
        return pair[0], pair[1] / np.float32(255)


def _halved(side: int) -> int:
    return side // HALVED_PX * HALVED_PX


def blob_example(settings: SetSettings, seed: int) -> Pair:
    """(image float16, target uint8) for one seed."""
    image, sky = integrated_image(settings, seed)
    return blob_input(image), blob_target(sky)


def blob_input(integrated: np.ndarray) -> np.ndarray:
    """(y, x) float16: Blobs Finder's input for an integrated image."""
    return IMAGE.encode(integrated).values.astype(np.float16)


def blob_target(sky: SkyModel) -> np.ndarray:
    """(y, x) uint8, 255 for probability 1: Blobs Finder's target map for a sky."""
    shape = (sky.grid.ny, sky.grid.nx)
    images = [_of_unit_peak(source, shape) for source in sky.components]
    of_sources = np.stack(images) if images else np.zeros((0, *shape), np.float32)
    target: np.ndarray = np.rint(255 * MAP.encode(of_sources)).astype(np.uint8)
    return target


def _of_unit_peak(source: SkySource, shape: tuple[int, int]) -> np.ndarray:
    """(y, x) of a source summed over frequency, with peak 1; of a point, about its pixel.

    What is drawn of a point in a cube has waves, some below zero, and less than 1 of its flux in
    its brightest pixel (`sky.point`).
    """
    if source.ellipse.fwhm_x_px > 0:
        return source.image(shape)
    blob = gaussian_2d(shape, replace(source.ellipse, fwhm_x_px=POINT_PX, fwhm_y_px=POINT_PX))
    peak = float(blob.max())
    return blob / np.float32(peak) if peak > 0 else blob


def _stack(images: list[np.ndarray] | np.ndarray) -> np.ndarray:
    return np.stack(list(images)).astype(np.float32)[:, None]
