"""Position of a source in an image: matched smoothing, prominent peaks, windowed centroids.

In a noisy image of a resolved source, the brightest pixel is a noise spike. After smoothing with
roughly the beam, it is the source.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepfocus.core.source import FWHM_PER_SIGMA


def smooth(image: np.ndarray, fwhm_px: float) -> np.ndarray:
    """`image` (y, x) without NaN, convolved with a circular Gaussian of unit sum."""
    smoothed: np.ndarray = ndimage.gaussian_filter(
        np.asarray(image, np.float32), fwhm_px / FWHM_PER_SIGMA, mode="constant", truncate=3.0
    )
    return smoothed


def local_maxima(image: np.ndarray) -> np.ndarray:
    """(y, x) bool: positive pixels not below any of their eight neighbours."""
    highest: np.ndarray = ndimage.maximum_filter(image, size=3, mode="nearest")
    maxima: np.ndarray = (image == highest) & (image > 0)
    return maxima


def highest_peak(
    image: np.ndarray, where: np.ndarray, *, floor: float, prominence: float
) -> tuple[int, int] | None:
    """(y, x) of the highest independent local maximum among the pixels `where`, or None.

    image : (y, x), smoothed. floor : least height. prominence : least height above the saddle
    that joins the peak to any higher pixel, which excludes a bump on the flank of a brighter
    source.
    """
    candidates = np.argwhere(local_maxima(image) & where & (image >= floor))
    heights = image[tuple(candidates.T)]
    for y, x in candidates[np.argsort(-heights, kind="stable")]:
        height = image[y, x]
        # If a higher pixel is connected at this level, the saddle is less than `prominence` down.
        labels, _ = ndimage.label(image > height - prominence, structure=np.ones((3, 3)))
        if image[labels == labels[y, x]].max() <= height:
            return int(y), int(x)
    return None


def windowed_centroid(
    image: np.ndarray, *, y: float, x: float, fwhm_px: float, max_shift_px: float = 3.0
) -> tuple[float, float]:
    """(y, x) of the source near a position: barycentre under a Gaussian window that follows it.

    image : (y, x) without NaN. Each shift is doubled. For a Gaussian source of the window's size,
    the first step then lands on the centre; for any size, the centre is the fixed point. The
    start is returned if the window drifts by more than `max_shift_px` or contains no net signal.
    """
    yy, xx = np.ogrid[: image.shape[0], : image.shape[1]]
    at_y, at_x = float(y), float(x)
    for _ in range(20):
        r2 = (yy - at_y) ** 2 + (xx - at_x) ** 2
        weight = np.exp(-4 * np.log(2) * r2 / fwhm_px**2) * (r2 < (1.5 * fwhm_px) ** 2) * image
        total = float(weight.sum())
        if total <= 0:
            return float(y), float(x)
        step_y = 2 * float((weight * (yy - at_y)).sum()) / total
        step_x = 2 * float((weight * (xx - at_x)).sum()) / total
        at_y, at_x = at_y + step_y, at_x + step_x
        if np.hypot(at_y - y, at_x - x) > max_shift_px:
            return float(y), float(x)
        if np.hypot(step_y, step_x) < 0.01:
            break
    return at_y, at_x
