"""Blobs of an image by differences of Gaussians, as DECORAS takes them from its network's answer.

The image is smoothed with Gaussians of growing widths. A blob is a maximum, in place and width, of
the difference between one width and the next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.ops.boxes import Box

SIGMAS_TO_EDGE = 3.0
"""Radius of a blob in standard deviations of its kernel (Delli Veneri et al. 2023, Eq 21)."""


@dataclass(frozen=True)
class RoundBlob:
    """A round blob.

    x, y : its centre, a pixel; sigma_px : standard deviation of the kernel that fits it best
    height : the image at its centre
    """

    x: int
    y: int
    sigma_px: float
    height: float

    @property
    def box(self) -> Box:
        """Eq 21."""
        reach = SIGMAS_TO_EDGE * self.sigma_px
        return Box(self.x - reach, self.x + reach, self.y - reach, self.y + reach)


@dataclass(frozen=True)
class FindRoundBlobs:
    """Image -> blobs.

    min_sigma_px, max_sigma_px : standard deviations of the narrowest and the widest kernel
    sigma_ratio : of one kernel to the next
    threshold : least difference of two smoothed images
    overlap : of two blobs that share more of their area, the smaller is dropped
    """

    min_sigma_px: float = 2.5
    max_sigma_px: float = 12.0
    sigma_ratio: float = 1.6
    threshold: float = 0.15
    overlap: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.min_sigma_px <= self.max_sigma_px or self.sigma_ratio <= 1:
            raise DeepFocusError(
                f"kernels of {self.min_sigma_px:g} to {self.max_sigma_px:g} pixels, each "
                f"{self.sigma_ratio:g} times the one before",
                wanted="0 < min_sigma_px <= max_sigma_px and sigma_ratio > 1",
                remedy="correct the finder's settings",
            )

    def __call__(self, image: np.ndarray) -> list[RoundBlob]:
        """The blobs of an image (y, x) without NaN, the highest first."""
        from skimage import feature

        blob_dog: Callable[..., np.ndarray] = feature.blob_dog  # untyped in skimage
        found = blob_dog(
            image.astype(float),
            min_sigma=self.min_sigma_px,
            max_sigma=self.max_sigma_px,
            sigma_ratio=self.sigma_ratio,
            threshold=self.threshold,
            overlap=self.overlap,
        )
        blobs = [
            RoundBlob(int(x), int(y), float(sigma), float(image[int(y), int(x)]))
            for y, x, sigma in found
        ]
        return sorted(blobs, key=lambda blob: (-blob.height, blob.y, blob.x))
