"""The six networks: which arrays each reads and learns, its normalisation, its augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.ops.normalise import AsinhNoise, Normalisation, Peak, Standardise
from deepfocus.train.blob_examples import BlobExamples

Pair = tuple[np.ndarray, np.ndarray]
Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pair]


@dataclass(frozen=True)
class Role:
    """inputs, target : names of the derived arrays that the network reads and learns."""

    inputs: str
    target: str
    normalisation: Normalisation
    augment: Augment


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets of one role, already normalised."""

    inputs: np.ndarray
    targets: np.ndarray
    augment: Augment

    def batches(self, size: int, *, rng: np.random.Generator) -> Iterator[Pair]:
        """Shuffled, augmented batches, float32."""
        order = rng.permutation(len(self.inputs))
        for start in range(0, len(order) - size + 1, size):
            chosen = np.sort(order[start : start + size])
            inputs = self.inputs[chosen].astype(np.float32)
            yield self.augment(inputs, self.targets[chosen].astype(np.float32), rng)

    def centred(self, size: int) -> Iterator[Pair]:
        """Batches in order, unaugmented: for validation."""
        for start in range(0, len(self.inputs), size):
            chosen = slice(start, start + size)
            yield self.inputs[chosen].astype(np.float32), self.targets[chosen].astype(np.float32)


def examples(role: str, arrays: dict[str, np.ndarray], *, crop_px: int) -> BlobExamples | Examples:
    """The examples of a role among derived arrays; Blobs Finder's are cut to `crop_px`."""
    if role == "blobs_finder":
        return BlobExamples(arrays["images"], arrays["targets"], crop_px)
    part = ROLES[role]
    inputs = arrays[part.inputs]
    if inputs.ndim == 3:
        inputs = inputs[:, None]
    return Examples(inputs, arrays[part.target], part.augment)


def turned_bands(inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Pair:
    """Spectra and targets reversed in frequency, half of them."""
    flip = rng.random(len(inputs)) < 0.5
    return (
        np.where(flip[:, None], inputs[:, ::-1], inputs),
        np.where(flip[:, None], targets[:, ::-1], targets),
    )


def turned_images(inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Pair:
    """Images (b, 1, y, x) mirrored in x, in y, or both; the centre stays on size // 2.

    Scalars are unchanged; of an elongation vector the sine changes sign under one mirror.
    """
    mirror_x, mirror_y = rng.random((2, len(inputs))) < 0.5
    # a mirrored even axis is shifted by one pixel: roll it back
    images = np.where(mirror_x[:, None, None, None], np.roll(inputs[..., ::-1], 1, axis=-1), inputs)
    images = np.where(
        mirror_y[:, None, None, None], np.roll(images[..., ::-1, :], 1, axis=-2), images
    )
    if targets.shape[1] != 2:
        return images, targets
    sign = np.where(mirror_x ^ mirror_y, -1.0, 1.0).astype(np.float32)
    return images, np.stack([targets[:, 0], targets[:, 1] * sign], axis=1)


ROLES: dict[str, Role] = {
    "blobs_finder": Role("images", "targets", AsinhNoise(), turned_images),
    "deep_gru": Role("spectra", "clean", Standardise(), turned_bands),
    "major": Role("focused", "major", Peak(), turned_images),
    "minor": Role("focused", "minor", Peak(), turned_images),
    "angle": Role("focused", "angle", Peak(), turned_images),
    "flux": Role("masked", "flux", Peak(), turned_images),
}
