"""Where bright continua are: peaks of the image that most of the band agrees on."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import maximum_filter

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.core.voxels import Voxels
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.trust import (
    LEAST_SIZE,
    SIDELOBES,
    continuum_left,
    fitted_of,
)
from deepfocus.fit.parameters import CHANNEL, CONTINUUM, COUNT, CXX, CYY, SIGMA, X, Y
from deepfocus.search.noise_map import NoiseMap
from deepfocus.search.peaks import Peak

PARTS = 16
"""Of the band, whose median is no line's: one is in less than half of them."""
MEDIAN_ERROR = 1.25
"""Noise of a median over that of a mean."""
BRIGHT = 20.0
"""Signal-to-noise ratio of a peak that is fitted before any line is looked for."""
VALUES_AT_ONCE = 1 << 24
"""Of means over parts of the band, held at a time."""
MOST = 20
"""Continua that are added at a time."""


def bright_continua(explained: Explained, noise: NoiseMap, sight: Sight) -> np.ndarray:
    """(n, 12) starts without lines for the peaks that no higher one's sidelobes explain."""
    beam_px = sight.beam_px
    image = band_median(explained.residual)
    image /= MEDIAN_ERROR / np.sqrt(np.nansum(1 / noise.channel**2))
    least = max(BRIGHT, SIDELOBES * float(image.max()))
    peaks = (image == maximum_filter(image, size=2 * int(beam_px) + 1)) & (image > least)
    places = np.argwhere(peaks)
    places = places[np.argsort(-image[peaks])][:MOST]
    peak = [
        Peak(float(x), float(y), 0.0, float(image[y, x]), 0.0, 0.0, (0, int(y), int(x)))
        for y, x in places
    ]
    fitted = tuple(fitted_of(explained))
    told = [not continuum_left(each, fitted, sight.sidelobes) for each in peak]
    places = places[np.array(told, bool)]
    starts = np.zeros((len(places), COUNT))
    starts[:, [Y, X]] = places
    starts[:, [CXX, CYY]] = (LEAST_SIZE * beam_px / FWHM_PER_SIGMA) ** 2
    starts[:, CHANNEL], starts[:, SIGMA] = (len(explained.residual) - 1) / 2, 1.0
    starts[:, CONTINUUM] = np.nan
    return starts


def band_median(data: Voxels) -> np.ndarray:
    """(y, x) median over parts of the band; 0 where it is blank."""
    channels, ny, nx = data.shape
    parts = np.array_split(np.arange(channels), min(PARTS, channels))
    median = np.zeros((ny, nx))
    together = max(1, VALUES_AT_ONCE // (PARTS * nx))
    for start in range(0, ny, together):
        rows = slice(start, min(start + together, ny))
        means = np.stack([_mean(data, part, rows) for part in parts])
        if np.isfinite(means).all():
            median[rows] = np.median(means, axis=0)
        else:
            covered = np.isfinite(means).any(axis=0)
            median[rows][covered] = np.nanmedian(means[:, covered], axis=0)
    return median


def _mean(data: Voxels, channels: np.ndarray, rows: slice) -> np.ndarray:
    """(rows, x) float32 over the channels that are not blank; NaN where all are."""
    shape = rows.stop - rows.start, data.shape[2]
    total, count = np.zeros(shape), np.zeros(shape, np.int32)
    for channel in channels.tolist():
        plane = data[channel, rows]
        known = np.isfinite(plane)
        if known.all():
            total += plane
        else:
            np.add(total, plane, out=total, where=known)
        count += known
    mean: np.ndarray = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean.astype(np.float32)
