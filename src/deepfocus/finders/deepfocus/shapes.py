"""Errors of a deconvolved shape, from those of its second moments.

FWHM and angle are no linear functions of the moments. Noise makes a round source long in some
direction, and may turn its axes by 90 degrees; a size is the root of what noise may make negative.
So the moments are spread as their covariance says, and the shape of each is taken. They are spread
about a rounder source than was measured: noise adds to the square of an elongation, as it does to
a polarisation's (Wardle and Kronberg 1974, ApJ 194, 249).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.stats import norm, qmc

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.ops.morphology import axes_from_major_minor

DRAWS = 1024
"""Points of a Halton sequence: the errors are those of endless draws within 3%."""
ONE_SIGMA = 68.27
"""Percent of the draws within the error."""
ELONGATION = np.array([[0.5, -0.5, 0.0], [0.0, 0.0, 1.0]])
"""From moments xx, yy, xy to what they differ by from those of a round source: half of xx - yy,
and xy."""


def shape_errors(moments: np.ndarray, covariance: np.ndarray) -> tuple[float, float, float]:
    """Of FWHM x, FWHM y (pixels) and pa (degrees): 68% of what may be true lies no farther off.

    moments : (3,) xx, yy, xy as measured, px^2; covariance : (3, 3) theirs

    Sizes are those along the measured axes, or along what is nearer to them. NaN where the
    covariance is none. The angle of a source without any size has no error; one of 60 degrees says
    that any angle may be true.
    """
    values, vectors = np.linalg.eigh(covariance)
    # a kernel of a cut-off beam has negative power
    if not np.all(np.isfinite(values)) or values[0] < 0:
        return float("nan"), float("nan"), float("nan")
    first, second, pa = _squares(moments)
    major, minor = np.sqrt(np.maximum([first, second], 0.0))
    likely = _as_long_as_it_is(moments, covariance)
    firsts, seconds, angles = _squares(likely + _deviates() @ (vectors * np.sqrt(values)).T)
    # no size is negative: what is drawn below 0 lies above
    majors, minors = np.sqrt(np.abs([firsts, seconds]))
    turned = np.abs((angles - pa + 90.0) % 180.0 - 90.0)
    along = _reach(np.where(turned < 45, majors, minors) - major)
    across = _reach(np.where(turned < 45, minors, majors) - minor)
    x_err, y_err = axes_from_major_minor(along, across, pa)
    return float(x_err), float(y_err), _reach(turned) if major > 0 else float("nan")


def _as_long_as_it_is(moments: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """(3,) moments without what noise adds to the square of their elongation: round, if all."""
    long = ELONGATION @ moments
    square = float(long @ long)
    added = float(np.trace(ELONGATION @ covariance @ ELONGATION.T))
    left = np.sqrt(max(1 - added / square, 0.0)) if square > 0 else 1.0
    # xx + yy, and with it the mean size, stays
    likely: np.ndarray = moments - (1 - left) * np.array([long[0], -long[0], long[1]])
    return likely


def _reach(deviations: np.ndarray) -> float:
    return float(np.percentile(np.abs(deviations), ONE_SIGMA))


@cache
def _deviates() -> np.ndarray:
    """(DRAWS, 3) of a normal distribution, spread as evenly as can be."""
    # the first point is 0, which no normal deviate corresponds to
    points = qmc.Halton(3, scramble=False).fast_forward(1).random(DRAWS)
    deviates: np.ndarray = norm.ppf(points)
    return deviates


def _squares(moments: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Squares of FWHM along and across the longest direction, and its pa, of moments (..., 3)."""
    xx, yy, xy = np.moveaxis(moments, -1, 0)
    middle, half = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    # from +y towards -x
    pa = np.rad2deg(np.arctan2(-2 * xy, yy - xx)) / 2 % 180.0
    return FWHM_PER_SIGMA**2 * (middle + half), FWHM_PER_SIGMA**2 * (middle - half), pa
