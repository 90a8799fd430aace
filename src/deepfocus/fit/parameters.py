"""The parameters of a component: an elliptical Gaussian with a Gaussian line, a row of an array.

Components are rows of float arrays (n, 12), with columns in the order of `NAMES`. Positions are
0-based pixels and channels of the whole cube. `measured` turns a fitted row into a `Source` with
errors, `row_of` a source into a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA, Ellipse, Source
from deepfocus.forward.deformations import GaussianShape, axes

NAMES = (
    "x", "y", "cxx", "cyy", "cxy", "channel", "sigma", "flux", "continuum", "gx", "gy", "slope",
)  # fmt: skip
"""x, y : centre, px; cxx, cyy, cxy : covariance on the sky before any beam, px^2; channel, sigma :
centre and width of the line, channels; flux : of the line, Jy channels, before the primary beam;
continuum : Jy, in the middle of the band; gx, gy : px per channel by which the line's centre moves;
slope : Jy by which the continuum rises from the middle of the band to its end.
The line is at (x, y) in the channel of its centre; the continuum is there in all channels."""
COUNT = len(NAMES)
X, Y, CXX, CYY, CXY, CHANNEL, SIGMA, FLUX, CONTINUUM, GX, GY, SLOPE = range(COUNT)
SPATIAL = 5
"""Parameters of place and shape, the first in a row."""
SIZES = [CXX, CYY, CXY]
GRADIENT = [GX, GY]
BRIGHTNESS = [FLUX, CONTINUUM, SLOPE]
"""In these the model is linear."""
PEAK_PER_FLUX = float(1 / np.sqrt(2 * np.pi))
"""Peak of a Gaussian of unit flux and unit standard deviation."""


@dataclass(frozen=True)
class Measured:
    """A fitted component as a source, with standard deviations; NaN for what was not fitted.

    source : sizes are 0 where the fitted covariance is not positive
    flux_jy_chan : of the line
    fwhm_x_limit_px, fwhm_y_limit_px : size if its square were one standard deviation larger
    Every `_err` belongs to the field, or to the source's, of that name. The angle has no error
    where both sizes are 0 or equal, and a size none where it is 0: its limit says what is known.
    """

    source: Source
    flux_jy_chan: float
    x_err: float
    y_err: float
    fwhm_x_px_err: float
    fwhm_y_px_err: float
    pa_err: float
    channel_err: float
    fwhm_chan_err: float
    flux_jy_chan_err: float
    line_jy_err: float
    continuum_jy_err: float
    fwhm_x_limit_px: float
    fwhm_y_limit_px: float


def free_but(count: int, *fixed: int) -> np.ndarray:
    """(n, 12) bool, which parameters of n components are fitted: all but some columns."""
    free = np.ones((count, COUNT), bool)
    free[:, list(fixed)] = False
    return free


def row_of(source: Source) -> np.ndarray:
    """(12,) parameters of a source without a gradient; an unknown flux stays NaN."""
    row = np.zeros(COUNT)
    row[[X, Y]] = source.x, source.y
    lengths = np.array([source.fwhm_x_px, source.fwhm_y_px]) / FWHM_PER_SIGMA
    directions = np.array(axes(source))
    matrix = (directions.T * lengths**2) @ directions
    row[SIZES] = matrix[0, 0], matrix[1, 1], matrix[0, 1]
    sigma = source.fwhm_chan / FWHM_PER_SIGMA
    row[[CHANNEL, SIGMA]] = source.channel, sigma
    row[[FLUX, CONTINUUM]] = source.line_jy * sigma / PEAK_PER_FLUX, source.continuum_jy
    return row


def ellipse_of(row: np.ndarray) -> Ellipse:
    """Position, sizes and angle of a component; a size is 0 where the covariance is negative."""
    values, vectors = np.linalg.eigh(covariance_of(row[None])[0])
    minor, major = FWHM_PER_SIGMA * np.sqrt(np.maximum(values, 0.0))
    pa = float(np.rad2deg(np.arctan2(-vectors[0, 1], vectors[1, 1])) % 180.0)
    along, across = (major, minor) if pa < 90.0 else (minor, major)
    return Ellipse(float(row[X]), float(row[Y]), float(along), float(across), pa)


def source_of(row: np.ndarray) -> Source:
    """The source that a component is, at the channel of its line's centre."""
    return Source(
        **vars(ellipse_of(row)),
        channel=float(row[CHANNEL]),
        fwhm_chan=float(FWHM_PER_SIGMA * row[SIGMA]),
        line_jy=float(PEAK_PER_FLUX * row[FLUX] / row[SIGMA]),
        continuum_jy=float(row[CONTINUUM]),
    )


def measured(row: np.ndarray, covariance: np.ndarray) -> Measured:
    """A component and its (12, 12) covariance, NaN where not fitted, as a source with errors."""
    source = source_of(row)
    deviation = np.sqrt(np.diag(covariance))
    of_sizes = covariance[np.ix_(SIZES, SIZES)]
    fwhm_x_err, fwhm_y_err, pa_err = GaussianShape(source).spread(of_sizes)
    limits = [_limit(row, along, of_sizes) for along in axes(source)]
    slope = np.zeros(COUNT)
    slope[[FLUX, SIGMA]] = PEAK_PER_FLUX / row[SIGMA] * np.array([1, -row[FLUX] / row[SIGMA]])
    peak = [FLUX, SIGMA]
    line_var = slope[peak] @ covariance[np.ix_(peak, peak)] @ slope[peak]
    return Measured(
        source=source,
        flux_jy_chan=float(row[FLUX]),
        x_err=float(deviation[X]),
        y_err=float(deviation[Y]),
        fwhm_x_px_err=fwhm_x_err,
        fwhm_y_px_err=fwhm_y_err,
        pa_err=pa_err,
        channel_err=float(deviation[CHANNEL]),
        fwhm_chan_err=float(FWHM_PER_SIGMA * deviation[SIGMA]),
        flux_jy_chan_err=float(deviation[FLUX]),
        line_jy_err=float(np.sqrt(line_var)),
        continuum_jy_err=float(deviation[CONTINUUM]),
        fwhm_x_limit_px=limits[0],
        fwhm_y_limit_px=limits[1],
    )


def covariance_of(values: np.ndarray) -> np.ndarray:
    """(n, 2, 2) covariances on the sky, x first, of components (n, 12)."""
    cxx, cyy, cxy = values[:, SIZES].T
    return np.stack([np.stack([cxx, cxy], -1), np.stack([cxy, cyy], -1)], -2)


def _limit(row: np.ndarray, along: np.ndarray, covariance: np.ndarray) -> float:
    """FWHM in a direction, its square one standard deviation above the fitted one, or above 0."""
    weights = np.array([along[0] ** 2, along[1] ** 2, 2 * along[0] * along[1]])
    squared = max(float(weights @ row[SIZES]), 0.0)
    return float(FWHM_PER_SIGMA * np.sqrt(squared + np.sqrt(weights @ covariance @ weights)))


def tilt(channels: np.ndarray, count: int) -> np.ndarray:
    """What the slope of a continuum is multiplied with: -1 to 1 over `count` channels."""
    middle = (count - 1) / 2
    tilted: np.ndarray = (channels - middle) / max(middle, 1.0)
    return tilted
