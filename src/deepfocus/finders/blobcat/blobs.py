"""What BLOBCAT measures of an island: its peak and its flux, each without its bias.

Hales et al. 2012, MNRAS 425, 979. Brightness is in units of the noise, which is the same all over
the image. Bandwidth smearing, CLEAN bias and errors of calibration, which BLOBCAT also corrects or
counts, are left out: a cube of ours has none of them, or none that is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from deepfocus.core.source import Ellipse
from deepfocus.finders.blobcat.islands import Island

LAMBDA = 3.5
"""The extent M of a blob counts its pixels down to this many standard deviations below its peak."""
BIAS_OF_EXTENT = (1.0, 0.89, 0.27, 3.75, -3.67, 1.61)
"""Coefficients, by rising power, of the extent M that gives an expected bias (Equation 14)."""
LARGEST_BIAS = 2.0
BIASED_FROM = 1.1
"""Extent M from which the peak is corrected (Equation 15)."""
PACKED_BEAM = float(np.sqrt(12) / (4 * np.log(2)))
"""Area of an independent resolution element over the product of the beam's FWHMs (Equation 12)."""
STENCIL = np.array([(1, x, y, x * y, x * x, y * y) for y in (-1, 0, 1) for x in (-1, 0, 1)], float)


@dataclass(frozen=True)
class Blob:
    """An island as measured.

    x, y : of the peak of the parabola; peak : without bias, in standard deviations
    flux : integral of the blob, corrected for what lies below the flood, in standard deviations
        times pixels
    """

    x: float
    y: float
    peak: float
    flux: float


def blob_of(island: Island, snr: np.ndarray, beam: Ellipse, *, flooding: float) -> Blob:
    """Peak and flux of an island of an image (y, x) in units of its noise."""
    x, y, fitted = fitted_peak(snr, x=island.x, y=island.y)
    values = snr[island.rows, island.columns][island.mask]
    extent = np.count_nonzero(values >= island.snr - LAMBDA) / (
        PACKED_BEAM * beam.fwhm_x_px * beam.fwhm_y_px
    )
    peak = fitted - peak_bias(extent)
    return Blob(x, y, peak, float(values.sum()) / flooded_share(peak, flooding))


def fitted_peak(image: np.ndarray, *, x: int, y: int) -> tuple[float, float, float]:
    """(x, y, height) of the 2D parabola through the pixels around the highest (Appendix A).

    The pixel itself, where it is not the highest around, where some are missing, or where the
    parabola is lower than it or has its peak elsewhere.
    """
    around = image[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
    itself = float(x), float(y), float(image[y, x])
    if around.shape != (3, 3) or not np.isfinite(around).all() or image[y, x] < around.max():
        return itself
    c0, cx, cy, cxy, cxx, cyy = np.linalg.lstsq(STENCIL, around.ravel(), rcond=None)[0]
    curvature = np.array([[2 * cxx, cxy], [cxy, 2 * cyy]])
    if np.linalg.eigvalsh(curvature).max() >= 0:
        return itself
    dx, dy = np.linalg.solve(curvature, [-cx, -cy])
    height = c0 + (cx * dx + cy * dy) / 2
    if max(abs(dx), abs(dy)) > 1 or height < image[y, x]:
        return itself
    return x + float(dx), y + float(dy), float(height)


def peak_bias(extent: float) -> float:
    """How far noise lifts the highest pixel of a source so many beams wide (Equations 14, 15)."""
    if extent < BIASED_FROM:
        return 0.0
    bias = np.linspace(0.0, LARGEST_BIAS, 201)
    return float(np.interp(extent, np.polynomial.Polynomial(BIAS_OF_EXTENT)(bias), bias))


def flooded_share(peak: float, flooding: float) -> float:
    """Share of a Gaussian's integral that lies above the flood (Equation 17); 1 below it."""
    if peak <= flooding:
        return 1.0
    return float(erf(np.sqrt(np.log(peak / flooding))) ** 2)


def deconvolved_size(blob: Blob, beam: Ellipse) -> Ellipse:
    """A round source that has the blob's flux over its peak, in beams, without the beam.

    BLOBCAT measures no axes: the ratio gives the area of the source with the beam.
    """
    beams = blob.flux / blob.peak / beam.area_px
    size = float(np.sqrt(max(beams - 1.0, 0.0) * beam.fwhm_x_px * beam.fwhm_y_px))
    return Ellipse(blob.x, blob.y, size, size, float("nan"))
