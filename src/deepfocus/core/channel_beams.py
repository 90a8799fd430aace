"""Restoring beams that differ by channel, as tclean makes them where it is not told otherwise.

They follow frequency, and what was flagged in single channels lets them scatter around that. What
a source looks like is drawn with the smooth part: a quadratic over the band.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import Polynomial

SMOOTH = 2
"""Degree in the channel: 1 / frequency squared over an eighth of itself to 1e-3."""
ROUNDS = 3
OUTLYING = 5.0
"""Median absolute deviations, from which on a channel says nothing about its neighbours."""
SAME = 1e-7
"""Of the largest: files have single precision."""


@dataclass(frozen=True, eq=False)
class ChannelBeams:
    """One Gaussian for each channel.

    major_arcsec, minor_arcsec : (chan,) FWHM, NaN where a channel has none
    pa_deg : (chan,) north through east
    """

    major_arcsec: np.ndarray
    minor_arcsec: np.ndarray
    pa_deg: np.ndarray

    def smooth_at(self, channel: float) -> tuple[float, float, float]:
        """Major and minor FWHM in arcsec and position angle in deg, without what scatters.

        Before the first channel that has a beam, and after the last, they are those of that.
        """
        known = np.flatnonzero(np.isfinite(self.major_arcsec))
        nearest = np.clip(channel, known[0], known[-1])
        north, both, east = (float(part(nearest)) for part in self._smooth)
        (minor, major), axes = np.linalg.eigh([[north, both], [both, east]])
        along_north, along_east = axes[:, 1]
        angle = np.degrees(np.arctan2(along_east, along_north)) % 180.0
        return float(np.sqrt(major)), float(np.sqrt(minor)), float(angle)

    @cached_property
    def scatter(self) -> float:
        """Largest deviation of a channel's area from the smooth one's, as a share of it."""
        known = np.flatnonzero(np.isfinite(self.major_arcsec))
        smooth = np.array([self.smooth_at(float(channel))[:2] for channel in known]).prod(axis=1)
        area = (self.major_arcsec * self.minor_arcsec)[known]
        return float(np.abs(area / smooth - 1).max())

    @cached_property
    def _smooth(self) -> tuple[Polynomial, ...]:
        """Squared FWHMs along north, along both, along east: they turn without a jump."""
        angle = np.deg2rad(self.pa_deg)
        major, minor = self.major_arcsec**2, self.minor_arcsec**2
        parts = (
            major * np.cos(angle) ** 2 + minor * np.sin(angle) ** 2,
            (major - minor) * np.sin(angle) * np.cos(angle),
            major * np.sin(angle) ** 2 + minor * np.cos(angle) ** 2,
        )
        return tuple(map(_smoothed, parts))


def _smoothed(values: np.ndarray) -> Polynomial:
    """A quadratic through (chan,) values, without those that lie off it; NaN are left out."""
    channel = np.arange(len(values), dtype=float)
    ends = (0.0, max(len(values) - 1.0, 1.0))
    kept = np.isfinite(values)
    for _ in range(ROUNDS):
        degree = min(SMOOTH, int(np.count_nonzero(kept)) - 1)
        smooth: Polynomial = Polynomial.fit(channel[kept], values[kept], degree, domain=ends)
        off = np.abs(values - smooth(channel))
        scatter = max(float(np.median(off[kept])), SAME * float(np.abs(values[kept]).max()))
        kept = off <= OUTLYING * scatter
    return smooth
