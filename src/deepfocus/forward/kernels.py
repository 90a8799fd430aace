"""How much a pixel of sky tells about another: the kernels of an estimating equation.

Whoever fits a model m(p) of the sky to a cube d = B m + noise solves J' A (d - B m) / sigma^2 = 0,
with J = dm/dp and A any real filter in the uv plane. The estimate is unbiased. Its covariance is
H^-1 M H^-1 with H = J' A B J / sigma^2 and M = J' A^2 N J / sigma^2, where N is the power of the
noise. So two kernels on the sky, A B and A^2 N, decide what can be known (Gauss-Markov: no filter
does better than A = B / N, for which both are B^2 / N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2

from deepfocus.ops.circular import centred

NOISE_FLOOR = 0.1
"""Of the highest noise power: where a cleaned image has less, it has no data, and the filter fades
out there."""


@dataclass(frozen=True, eq=False)
class Kernels:
    """The kernels at lags of -reach to reach pixels, (2 reach + 1, 2 reach + 1), centred.

    model : of A B; noise : of A^2 N, for noise whose standard deviation is 1. The same array if
        the filter is the best there is.
    """

    model: np.ndarray
    noise: np.ndarray

    @property
    def reach(self) -> int:
        return len(self.model) // 2

    def within(self, reach: int) -> Kernels:
        """The kernels at no more than that lag."""
        inner = slice(self.reach - reach, self.reach + reach + 1)
        model = self.model[inner, inner]
        noise = model if self.noise is self.model else self.noise[inner, inner]
        return Kernels(model, noise)


def visibility_kernels(natural_beam: np.ndarray, *, loss: float, reach: int) -> Kernels:
    """Thermal noise of a dirty cube: all that its visibilities tell, whatever their weights were.

    natural_beam : (2 n, 2 n) dirty beam of equal weights at lags -n to n - 1
    loss : variance of the image's noise over that of equal weights
    The dirty image of equal weights is a sufficient statistic: A = 1, B = N.
    """
    kernel = _lags(natural_beam, reach) * loss
    return Kernels(kernel, kernel)


def white_kernels(
    beam: np.ndarray, *, x: float, y: float, shape: tuple[int, int], reach: int
) -> Kernels:
    """Noise independent in every pixel: A = B.

    beam : (py, px) with lag 0 at [py // 2, px // 2]; x, y : the source; shape : of the image. What
    lies beside the image tells nothing. So one of the two beams is cut where the image ends as the
    source sees it, and the other is not: a cut in both would be seen as structure of the beam.
    """
    lags = beam.shape
    ends = [_seen_of(p, at, n) for p, at, n in zip(lags, (y, x), shape, strict=True)]
    cut = np.zeros_like(beam)
    cut[tuple(ends)] = beam[tuple(ends)]
    wide = tuple(
        slice(max(end.start - reach, 0), min(end.stop + reach, p))
        for end, p in zip(ends, lags, strict=True)
    )
    sizes = [next_fast_len(end.stop - end.start + reach, real=True) for end in wide]
    crossed = rfft2(cut[wide], sizes).conj() * rfft2(beam[wide], sizes)
    kernel = centred(irfft2(crossed.real, sizes), reach)
    return Kernels(kernel, kernel)


def cleaned_kernels(restoring: np.ndarray, autocorrelation: np.ndarray, *, reach: int) -> Kernels:
    """A cleaned cube: A = S(k) with S = N^2 / (N^2 + (0.1 N_max)^2).

    restoring, autocorrelation : (n, n) restoring beam and autocorrelation of the noise, which ends
    within the image; peak 1 at [n // 2, n // 2]

    The restoring beam has power where the uv coverage has none, so B / N has no bound. The filter
    keeps to what was observed.
    """
    n = len(restoring)
    size = next_fast_len(2 * n, real=True)
    beam, power = (
        rfft2(np.roll(_padded(image, size), (-(n // 2), -(n // 2)), (0, 1))).real
        for image in (restoring, autocorrelation)
    )
    power = np.maximum(power, 0.0)
    passed = power**2 / (power**2 + (NOISE_FLOOR * power.max()) ** 2)
    return Kernels(
        model=centred(irfft2(passed * beam, (size, size)), reach),
        noise=centred(irfft2(passed**2 * power, (size, size)), reach),
    )


def _seen_of(lags: int, at: float, length: int) -> slice:
    """The part of a beam's axis, which starts at lag -lags // 2, that falls on the image."""
    start = lags // 2 - round(at)
    return slice(min(max(start, 0), lags), min(max(start + length, 0), lags))


def _lags(beam: np.ndarray, reach: int) -> np.ndarray:
    """The middle of a beam (2 n, 2 n) at lags -n to n - 1; 0 at n and beyond."""
    n = len(beam) // 2
    held = min(reach, n - 1)
    inner = beam[n - held : n + held + 1, n - held : n + held + 1].astype(float)
    return np.pad(inner, reach - held)


def _padded(image: np.ndarray, size: int) -> np.ndarray:
    return np.pad(image.astype(float), (0, size - len(image)))
