"""An image in units of its noise."""

from __future__ import annotations

import numpy as np

from deepfocus.ops.snr import mad_sigma


def in_noises(image: np.ndarray) -> np.ndarray:
    """An image (y, x) minus its median, divided by its noise; NaN stays NaN."""
    finite = image[np.isfinite(image)]
    sigma = mad_sigma(finite)
    middle = float(np.median(finite)) if finite.size else 0.0
    return (image - middle) / (sigma if sigma > 0 else 1.0)
