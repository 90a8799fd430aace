"""The filter of the fit's score, for each kind of noise.

`forward.kernels` says why any real filter A in the uv plane gives an unbiased fit. Here A is chosen
for two ends: close to the best one, B / N, and compact on the sky, so that a score near a source
needs no data far from it. Where the noise's level is 1, chi^2 falls by J' A B J's quadratic form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from deepfocus.core import noise
from deepfocus.forward.kernels import NOISE_FLOOR
from deepfocus.forward.response import Response

WHITE_REACH = 4.0
"""Lag in FWHM of the beam at which the filter of white noise ends; 3 to 7 serve."""
THERMAL_REACH = 2.5
"""Lag in FWHM of the beam beyond which the filter of thermal noise tells nothing of a source."""
MEASURED_REACH = 6.0
"""The same for a measured power. Shorter ones blur what it says of the largest scales, which an
interferometer does not see: bowls around bright emission became part of its flux."""
AUTOCORRELATION_REACH = 6.0
"""Lag in FWHM of the beam at which a measured autocorrelation is taken to end."""
TAPER_EDGE, TAPER_POWER = 1.08, 16
"""The taper of the uv plane falls at 1.08 times its outer edge: a hard edge would ring."""
COVERED = 0.998
"""Share of the beam's power within the outer edge of the uv coverage."""


@dataclass(frozen=True, eq=False)
class Filter:
    """Kernels on the sky at lags -reach to reach, (2 reach + 1, 2 reach + 1), centred.

    score : of A; model : of A B; noise : of A^2 N for noise of standard deviation 1
    """

    score: np.ndarray
    model: np.ndarray
    noise: np.ndarray


def score_filter(
    response: Response, power: noise.Power, *, channel: float, exact: int, reach: int
) -> Filter:
    """The filter at a channel, with kernels at no more than `reach` pixels.

    exact : lag along an axis to which the kernels are right; from there they fall smoothly to 0,
        since a hard end would put power into every cell of the uv plane

    The dirty beam at that channel stands for that of all: good inside a line. A continuum fitted
    over a band in which the beam changes is biased outside the line's channels.
    """
    halo = halo_px(response, power)
    known = reach + halo
    plane = _Plane(next_fast_len(2 * known + 1, real=True))
    lags = _known_lags(response, channel, known)
    beam = plane.transform(lags)
    match power:
        case noise.White():
            score = plane.transform(_ending(lags, halo)) * _taper(plane, lags)
            variance = np.ones_like(score)
        case noise.DirtyBeam() | noise.SquaredWeights(make_beam=None):
            score = _taper(plane, lags)
            variance = beam
        case _:
            seen = _ending(
                _middle(_measured(power), known), AUTOCORRELATION_REACH * response.beam_px
            )
            variance = np.maximum(plane.transform(seen), 0.0)
            floor = NOISE_FLOOR * variance.max()
            best = beam * variance / (variance**2 + floor**2) * _taper(plane, lags)
            # what was measured is rough in the uv plane, and would reach past the data
            score = plane.transform(_ending(plane.kernel(best, known), halo))
    ends = _fading(exact, reach)
    return Filter(
        score=plane.kernel(score, reach),
        model=plane.kernel(score * beam, reach) * ends,
        noise=plane.kernel(score**2 * variance, reach) * ends,
    )


def halo_px(response: Response, power: noise.Power) -> int:
    """Pixels around a source whose data its score needs."""
    match power:
        case noise.White():
            beams = WHITE_REACH
        case noise.DirtyBeam() | noise.SquaredWeights(make_beam=None):
            beams = THERMAL_REACH
        case _:
            beams = MEASURED_REACH
    return int(np.ceil(beams * response.beam_px))


def _measured(power: noise.SquaredWeights | noise.Measured) -> np.ndarray:
    """Autocorrelation of the noise, peak 1 at its centre."""
    if isinstance(power, noise.Measured):
        return power.autocorrelation
    assert power.beam is not None
    return power.beam


@dataclass(frozen=True)
class _Plane:
    """Transforms of kernels, centred on their arrays, on a circular grid of `side` pixels."""

    side: int

    def transform(self, kernel: np.ndarray) -> np.ndarray:
        reach = len(kernel) // 2
        circular = np.zeros((self.side, self.side))
        lags = np.arange(-reach, reach + 1)
        circular[np.ix_(lags, lags)] = kernel
        transform: np.ndarray = rfft2(circular).real
        return transform

    def kernel(self, transform: np.ndarray, reach: int) -> np.ndarray:
        lags = np.arange(-reach, reach + 1)
        kernel: np.ndarray = irfft2(transform, (self.side, self.side))[np.ix_(lags, lags)]
        return kernel

    def frequency(self) -> np.ndarray:
        """Cycles per pixel of every cell."""
        v, u = np.fft.fftfreq(self.side), np.fft.rfftfreq(self.side)
        frequency: np.ndarray = np.hypot(v[:, None], u[None, :])
        return frequency


def _taper(plane: _Plane, lags: np.ndarray) -> np.ndarray:
    """1 in the uv coverage, falling smoothly beyond its outer edge."""
    smooth = plane.transform(_ending(lags, len(lags) // 2))
    frequency = plane.frequency()
    order = np.argsort(frequency, axis=None)
    # a beam that is known to a finite lag has power of both signs everywhere, which cancels
    twice = np.full(smooth.shape, 2.0)
    twice[:, 0] = 1.0
    share = np.cumsum((smooth * twice).ravel()[order])
    edge = frequency.ravel()[order[np.argmax(share > COVERED * share[-1])]]
    taper: np.ndarray = 1 / (1 + (frequency / (TAPER_EDGE * edge)) ** TAPER_POWER)
    return taper


def _ending(kernel: np.ndarray, ends: float) -> np.ndarray:
    """A kernel times (1 - (r / ends)^4)^2, 0 beyond."""
    lags = np.arange(len(kernel)) - len(kernel) // 2
    squared = (lags[:, None] ** 2 + lags[None, :] ** 2) / ends**2
    return kernel * np.clip(1 - squared**2, 0.0, None) ** 2


def _fading(exact: int, reach: int) -> np.ndarray:
    """1 at lags up to `exact` along each axis, falling to 0 just beyond `reach`."""
    beyond = np.clip(np.abs(np.arange(-reach, reach + 1)) - exact, 0, None) / (reach + 1 - exact)
    fading: np.ndarray = np.cos(np.pi / 2 * beyond) ** 2
    both: np.ndarray = np.outer(fading, fading)
    return both


def _known_lags(response: Response, channel: float, reach: int) -> np.ndarray:
    """The dirty beam of a channel at lags up to `reach`; 0 where it is unknown."""
    nearest = int(np.clip(round(channel), 0, response.interpolation.shape[1] - 1))
    planes = np.stack([_middle(plane, reach) for plane in response.dirty_beam])
    weights = response.interpolation[:, nearest] if len(planes) > 1 else np.ones(1)
    lags: np.ndarray = np.tensordot(weights, planes, axes=1)
    return lags


def _middle(image: np.ndarray, reach: int) -> np.ndarray:
    """Lags of -reach to reach about the pixel [ny // 2, nx // 2]; 0 beyond the image."""
    middle = np.zeros((2 * reach + 1, 2 * reach + 1))
    held = [min(reach, (n - 1) // 2) for n in image.shape]
    inside = tuple(slice(reach - h, reach + h + 1) for h in held)
    centres = [n // 2 for n in image.shape]
    of_image = tuple(slice(c - h, c + h + 1) for c, h in zip(centres, held, strict=True))
    middle[inside] = image[of_image]
    return middle
