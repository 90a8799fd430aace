"""Eqs 17 and 18 on images in [0, 1], as the paper evaluates them.

Both ratios divide a brightness by a variance, so their limits (6 and 1) are meaningful only
on a fixed scale. The paper says that its images are normalised to [0, 1], but not how.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from deepfocus.ops.boxes import Box
from deepfocus.ops.snr import global_snr, median_over_variance, pixel_snr, source_and_ring


@dataclass(frozen=True)
class ByExtremes:
    """The minimum of the whole image becomes 0 and its maximum 1: the most literal reading.

    Empty sky then lies at about the same value in every image, and its median alone, divided by
    a small variance, passes both limits.
    """

    kind: ClassVar[str] = "by_extremes"

    def global_snr(self, image: np.ndarray, box: Box) -> float:
        """Global SNR (Eq 17) of the source in a box of an image (y, x)."""
        return median_over_variance(*source_and_ring(self._scaled(image), box))

    def pixel_snr(self, image: np.ndarray) -> np.ndarray:
        """(y, x) Pixel SNR (Eq 18)."""
        scaled = self._scaled(image)
        variance = float(np.nanvar(scaled)) if np.isfinite(scaled).any() else 0.0
        return scaled / max(variance, float(np.finfo(np.float32).tiny))

    def _scaled(self, image: np.ndarray) -> np.ndarray:
        finite = image[np.isfinite(image)]
        if not finite.size or finite.max() <= finite.min():
            return np.zeros_like(image)
        return np.asarray((image - finite.min()) / (finite.max() - finite.min()))


@dataclass(frozen=True)
class BySourcePeak:
    """The brightest pixel in the circle around the source becomes 1; empty sky stays at 0."""

    kind: ClassVar[str] = "by_source_peak"

    def global_snr(self, image: np.ndarray, box: Box) -> float:
        """Global SNR (Eq 17) of the source in a box of an image (y, x)."""
        return global_snr(image, box)

    def pixel_snr(self, image: np.ndarray) -> np.ndarray:
        """(y, x) Pixel SNR (Eq 18)."""
        return pixel_snr(image)
