"""Where a source is in an image: matched smoothing, prominent peaks, windowed centroids.

The brightest pixel of a noisy image of a resolved source is a noise spike; that of the image
smoothed with about the beam is the source.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from deepfocus.core.source import FWHM_PER_SIGMA


def smooth(image: np.ndarray, fwhm_px: float) -> np.ndarray:
    """`image` (y, x) without NaN, convolved with a circular Gaussian of unit sum."""
    return ndimage.gaussian_filter(
        np.asarray(image, np.float32), fwhm_px / FWHM_PER_SIGMA, mode="constant", truncate=3.0
    )


def local_maxima(image: np.ndarray) -> np.ndarray:
    """(y, x) bool: positive pixels not below any of their eight neighbours."""
    return (image == ndimage.maximum_filter(image, size=3, mode="nearest")) & (image > 0)


def highest_peak(
    image: np.ndarray, where: np.ndarray, *, floor: float, prominence: float
) -> tuple[int, int] | None:
    """(y, x) of the highest independent local maximum among the pixels `where`, or None.

    image : (y, x), smoothed. floor : least height. prominence : how far the peak stands above
    the saddle that joins it to any higher pixel; a bump on the flank of a brighter source
    does not.
    """
    candidates = np.argwhere(local_maxima(image) & where & (image >= floor))
    heights = image[tuple(candidates.T)]
    for y, x in candidates[np.argsort(-heights, kind="stable")]:
        height = image[y, x]
        # Joined at this level with something higher: the saddle is less than `prominence` down.
        labels, _ = ndimage.label(image > height - prominence, structure=np.ones((3, 3)))
        if image[labels == labels[y, x]].max() <= height:
            return int(y), int(x)
    return None


def windowed_centroid(
    image: np.ndarray, *, y: float, x: float, fwhm_px: float, max_shift_px: float = 3.0
) -> tuple[float, float]:
    """(y, x) of the source near a position: barycentre under a Gaussian window that follows it.

    image : (y, x) without NaN. The shift is doubled at each step, which for a Gaussian source
    of the window's size lands on its centre at once; the fixed point is the centre whatever
    the size. The start is returned where the window drifts away by more than `max_shift_px`
    or holds no net signal.
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
