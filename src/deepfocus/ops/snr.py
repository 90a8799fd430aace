"""Signal-to-noise ratios: the paper's Global and Pixel SNR (Eqs 17, 18), and the noise's sigma.

Eqs 17 and 18 divide a brightness by a variance, so their unit is 1/brightness and their limits
(6, 1) are meaningless in Jy/beam. The paper evaluates them on images in [0, 1]. Here the values
are first divided by a stated peak, without an offset, so that empty sky stays at zero.
"""

from __future__ import annotations

import numpy as np

from deepfocus.ops.boxes import Box


def mad_sigma(values: np.ndarray) -> float:
    """Standard deviation from the median absolute deviation of the finite values; 0 if none."""
    from astropy.stats import mad_std

    finite = np.asarray(values)[np.isfinite(values)]
    return float(mad_std(finite)) if finite.size else 0.0


def median_over_variance(source: np.ndarray, noise: np.ndarray) -> float:
    """Median of the source pixels over the variance of the noise pixels (Eq 17 as printed)."""
    source, noise = source[np.isfinite(source)], noise[np.isfinite(noise)]
    if source.size == 0 or noise.size < 2:
        return 0.0
    return float(np.median(source) / max(float(np.var(noise)), np.finfo(np.float32).tiny))


def source_and_ring(image: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """Pixels in the circle around `box` and in the ring of the same area outside it (Eq 17).

    image : (y, x). The circle of radius r passes through the corners of the box; the ring
    ends at R = sqrt(2) r. If the image ends inside the ring, the ring grows until it has about
    as many pixels as the circle or covers the image. The circle never contains more than half of
    the image's data, so that a source as large as the image still has a ring.
    """
    yy, xx = np.ogrid[: image.shape[0], : image.shape[1]]
    x, y = box.centre
    radius = max(np.hypot(box.x1 - box.x0, box.y1 - box.y0) / 2, 0.75)
    distance = np.hypot(xx - x, yy - y)
    finite = np.isfinite(image)
    if finite.any():
        radius = min(radius, float(np.median(distance[finite])))
    inside = distance <= radius
    source = image[inside]
    outer = np.sqrt(2) * radius
    ring = (distance > radius) & (distance <= outer) & finite
    while ring.sum() < 0.8 * source.size and outer < 2 * max(image.shape):
        outer *= 1.2
        ring = (distance > radius) & (distance <= outer) & finite
    return source, image[ring]


def global_snr(image: np.ndarray, box: Box) -> float:
    """Global SNR (Eq 17) of a source in `box`, with values scaled to a peak of 1 in the circle.

    image : (y, x), any unit. Without the scaling the ratio would have a unit. With it, 6 is a
    peak of about 4.5 sigma, and empty sky scatters within about 1 of 0.
    """
    source, ring = source_and_ring(image, box)
    source = source[np.isfinite(source)]
    if source.size == 0 or source.max() <= 0:
        return 0.0
    return median_over_variance(source / source.max(), ring / source.max())


def pixel_snr(image: np.ndarray) -> np.ndarray:
    """Pixel SNR (Eq 18): each pixel divided by the variance of the image, scaled to peak 1.

    image : (y, x). NaN stays NaN; an image without positive pixels gives zeros.
    """
    finite = image[np.isfinite(image)]
    if finite.size < 2 or finite.max() <= 0:
        return np.zeros_like(image)
    scaled = image / finite.max()
    variance = max(float(np.var(finite / finite.max())), np.finfo(np.float32).tiny)
    snr: np.ndarray = scaled / variance
    return snr
