"""The filter of the fit's score, for each kind of noise.

`forward.kernels` says why any real filter A in the uv plane gives an unbiased fit. Here A is chosen
for two ends: close to the best one, B / N, and compact on the sky, so that a score near a source
needs no data far from it. Where the noise's level is 1, chi^2 falls by J' A B J's quadratic form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.fft import next_fast_len

from deepfocus.core import noise
from deepfocus.forward.best_filter import best_filter
from deepfocus.forward.response import Response
from deepfocus.forward.uv_plane import UvPlane, ending, fading, middle, taper

WHITE_REACH = 4.0
"""Lag in FWHM of the beam at which the filter of white noise ends; 3 to 7 serve."""
THERMAL_REACH = 2.5
"""Lag in FWHM of the beam beyond which the filter of thermal noise tells nothing of a source."""
MEASURED_REACH = 6.0
"""The same for a measured power. Shorter ones blur what it says of the largest scales, which an
interferometer does not see: bowls around bright emission became part of its flux."""
AUTOCORRELATION_REACH = 6.0
"""Lag in FWHM of the beam at which a measured autocorrelation is taken to end."""


@dataclass(frozen=True, eq=False)
class Filter:
    """Kernels on the sky at lags -reach to reach, (2 reach + 1, 2 reach + 1), centred.

    score : of A; model : of A B; noise : of A^2 N for noise of standard deviation 1
    """

    score: np.ndarray
    model: np.ndarray
    noise: np.ndarray


class Filtering(Protocol):
    """How the score of a patch comes from data.

    response : the beams of the data
    """

    @property
    def response(self) -> Response: ...

    @property
    def halo_px(self) -> int:
        """Pixels around a source whose data its score needs."""
        ...

    def at(self, place: tuple[float, float], *, channel: float, exact: int, reach: int) -> Filter:
        """The filter at a place (y, x) and channel, with kernels at no more than `reach` pixels.

        exact : lag along an axis to which the kernels are right; from there they fall smoothly to
            0, since a hard end would put power into every cell of the uv plane
        """
        ...


@dataclass(frozen=True, eq=False)
class Nearby:
    """From the data themselves, no farther from a source than its filter has to see.

    power : of the noise

    The dirty beam at a channel stands for that of all: good inside a line. A continuum fitted
    over a band in which the beam changes is biased outside the line's channels.
    """

    response: Response
    power: noise.Power

    @property
    def halo_px(self) -> int:
        """Some beams, by the noise's power."""
        if isinstance(self.power, noise.White):
            beams = WHITE_REACH
        elif noise.known_autocorrelation(self.power) is None:
            beams = THERMAL_REACH
        else:
            beams = MEASURED_REACH
        return int(np.ceil(beams * self.response.beam_px))

    def at(self, place: tuple[float, float], *, channel: float, exact: int, reach: int) -> Filter:
        """The same at all places."""
        halo = self.halo_px
        known = reach + halo
        plane = UvPlane(next_fast_len(2 * known + 1, real=True))
        lags = middle(self.response.dirty_beam_at(channel, reach=known), known)
        beam = plane.transform(lags)
        measured = noise.known_autocorrelation(self.power)
        if isinstance(self.power, noise.White):
            score = plane.transform(ending(lags, halo)) * taper(plane, lags)
            variance = np.ones_like(score)
        elif measured is None:
            score = taper(plane, lags)
            variance = beam
        else:
            autocorrelation = middle(measured, known)
            seen = ending(autocorrelation, AUTOCORRELATION_REACH * self.response.beam_px)
            variance = np.maximum(plane.transform(seen), 0.0)
            beam_px = self.response.beam_px
            best = best_filter(plane, beam, variance, beam_px=beam_px) * taper(plane, lags)
            # what was measured is rough in the uv plane, and would reach past the data
            score = plane.transform(ending(plane.kernel(best, known), halo))
        ends = fading(exact, reach)
        return Filter(
            score=plane.kernel(score, reach),
            model=plane.kernel(score * beam, reach) * ends,
            noise=plane.kernel(score**2 * variance, reach) * ends,
        )
