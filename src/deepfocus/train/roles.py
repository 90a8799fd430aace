"""The six networks in training: what each sees and answers, and how its examples are turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from deepfocus.nets.build import NetworkConfig
from deepfocus.nets.deep_gru import DeepGRUConfig, WholeHead
from deepfocus.ops.inputs import (
    BoxSpectrum,
    FocusedImage,
    Input,
    IntegratedImage,
    MaskedLineImage,
)
from deepfocus.ops.targets import (
    Elongation,
    Fwhm,
    LineProbability,
    LogFlux,
    ProbabilityMap,
    Target,
)

Pair = tuple[np.ndarray, np.ndarray]
Augment = Callable[[np.ndarray, np.ndarray, np.random.Generator], Pair]

IMAGE, MAP = IntegratedImage(), ProbabilityMap()
SPECTRUM, LINES = BoxSpectrum(), LineProbability()
FOCUSED, MASKED = FocusedImage(), MaskedLineImage()
MAJOR, MINOR, ANGLE, FLUX = Fwhm("major"), Fwhm("minor"), Elongation(), LogFlux()


@dataclass(frozen=True)
class Role:
    """What one network learns.

    input, target : what it sees and answers, which goes onto its card
    shown, asked : names of the arrays of its examples
    augment : how a batch is turned
    """

    input: Input
    target: Target
    shown: str
    asked: str
    augment: Augment

    def input_of(self, config: NetworkConfig) -> Input:
        """The input, as a network of that config takes it."""
        head = config.head if isinstance(config, DeepGRUConfig) else None
        if isinstance(self.input, BoxSpectrum) and isinstance(head, WholeHead):
            return replace(self.input, channels=head.channels)
        return self.input


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
    "blobs_finder": Role(IMAGE, MAP, "images", "targets", turned_images),
    "deep_gru": Role(SPECTRUM, LINES, "spectra", "clean", turned_bands),
    "major": Role(FOCUSED, MAJOR, "focused", "major", turned_images),
    "minor": Role(FOCUSED, MINOR, "focused", "minor", turned_images),
    "angle": Role(FOCUSED, ANGLE, "focused", "angle", turned_images),
    "flux": Role(MASKED, FLUX, "masked", "flux", turned_images),
}
