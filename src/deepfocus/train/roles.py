"""The networks in training: the inputs, targets and augmentation of each.

Nothing here needs torch: a store of training arrays is made without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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

    input, target : its input and target, recorded on its card
    shown, asked : names of the arrays with its inputs and targets
    augment : random augmentation of a batch
    """

    input: Input
    target: Target
    shown: str
    asked: str
    augment: Augment


def turned_bands(inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Pair:
    """Spectra and targets, a random half of them reversed in frequency."""
    flip = rng.random(len(inputs)) < 0.5
    return (
        np.where(flip[:, None], inputs[:, ::-1], inputs),
        np.where(flip[:, None], targets[:, ::-1], targets),
    )


def turned_images(inputs: np.ndarray, targets: np.ndarray, rng: np.random.Generator) -> Pair:
    """Images (b, 1, y, x) randomly mirrored in x, in y, or both; the centre stays on size // 2.

    Scalar targets are unchanged; an elongation vector's sine changes sign under a single mirror.
    """
    mirror_x, mirror_y = rng.random((2, len(inputs))) < 0.5
    # mirroring an even axis shifts it by one pixel, so roll it back
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
    "decoras": Role(IMAGE, MAP, "images", "targets", turned_images),
}
"""The six of the paper, and that of DECORAS."""


def sees_whole_image(role: str) -> bool:
    """Whether a role learns from integrated images; the others learn from what is cut out."""
    return isinstance(ROLES[role].input, IntegratedImage)
