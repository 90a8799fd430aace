"""Batches of one network's examples: shuffled and augmented for training, else in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.train.blob_examples import BlobExamples
from deepfocus.train.roles import ROLES, Augment, Pair, sees_whole_image


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs and targets of one role, already encoded."""

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


def examples(role: str, arrays: NamedArrays, *, crop_px: int) -> BlobExamples | Examples:
    """The examples of a role, taken from `arrays`; integrated images are cropped to `crop_px`."""
    part = ROLES[role]
    inputs, targets = arrays[part.shown], arrays[part.asked]
    if sees_whole_image(role):
        return BlobExamples(inputs, targets, crop_px)
    return Examples(inputs[:, None] if inputs.ndim == 3 else inputs, targets, part.augment)
