"""Parts of a fit's model that no saddle joins, and lines of two that may be sides of one galaxy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepfocus.core.source import FWHM_PER_SIGMA
from deepfocus.fit.grouping import grouped
from deepfocus.fit.parameters import CHANNEL, FLUX, SIGMA, X, Y
from deepfocus.fit.places import apparent_fwhm
from deepfocus.fit.solve import Fit

NEAR = 2.5
"""Lines that may be sides of one galaxy, in mean FWHM of what the beam makes of them."""
FAR = 12.0
"""Standard deviations in place and channel; the sides of galaxies are 4 to 8 apart."""


def parts_of(fitted: Fit, least_saddle: float) -> Iterator[np.ndarray]:
    """Indices of components that the model joins over saddles no lower than a fraction."""
    if not len(fitted.values):
        return
    problem = fitted.problem
    part = grouped(
        fitted.values,
        beam_sigma_px=problem.beam_sigma_px,
        shape=(problem.channels, problem.rows.stop + 1, problem.columns.stop + 1),
        least_saddle=least_saddle,
    ).source
    for number in np.unique(part):
        yield np.flatnonzero(part == number)


def shining_parts(fitted: Fit, least_saddle: float) -> list[np.ndarray]:
    """The lines of each part that has any: of components without one, and of absorption, none."""
    shining = fitted.free[:, FLUX] & (fitted.values[:, FLUX] > 0)
    parts = (part[shining[part]] for part in parts_of(fitted, least_saddle))
    return [part for part in parts if len(part)]


def neighbours(fitted: Fit, least_saddle: float) -> Iterator[tuple[int, int, float]]:
    """The nearest two lines of each two parts of the model that are near each other.

    And how far they are from each other in place and channel, in standard deviations.
    """
    parts = shining_parts(fitted, least_saddle)
    seen, apart = _distances(fitted)
    for i, part in enumerate(parts):
        for beyond in parts[:i]:
            pairs = np.ix_(part, beyond)
            k, m = np.unravel_index(int(np.argmin(apart[pairs])), apart[pairs].shape)
            one, other = int(part[k]), int(beyond[m])
            if seen[one, other] < NEAR and apart[one, other] < FAR:
                yield one, other, float(apart[one, other])


def _distances(fitted: Fit) -> tuple[np.ndarray, np.ndarray]:
    """(n, n) on the sky, in mean FWHM of what the beam makes of two; and in place and channel,
    in standard deviations."""
    values = fitted.values
    fwhm = apparent_fwhm(values, fitted.problem.beam_px)
    way = values[:, None, [X, Y, CHANNEL]] - values[None, :, [X, Y, CHANNEL]]
    on_sky = np.hypot(way[..., 0], way[..., 1]) / ((fwhm[:, None] + fwhm) / 2)
    width = np.hypot(values[:, None, SIGMA], values[:, SIGMA])
    return on_sky, np.hypot(FWHM_PER_SIGMA * on_sky, way[..., 2] / width)
