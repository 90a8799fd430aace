"""Noise that filters let through where data end.

A filter that takes a pixel's surroundings from it, as the best one does of noise whiter than its
beam, takes nothing where there are none: the noise that it cancels elsewhere is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.fft import next_fast_len, rfft2
from scipy.ndimage import distance_transform_edt

from deepfocus.forward.uv_plane import UvPlane, middle

DISTANCES = 12
"""From an end to the filter's reach, at which its noise is computed; between them it is smooth."""


@dataclass(frozen=True, eq=False)
class BesideEnds:
    """Variance through a filter over that of white noise through it, where data end; 1 far inside.

    pixels : of data beyond the filter's middle; raised : the variance there
    """

    pixels: np.ndarray
    raised: np.ndarray

    def at(self, distance: np.ndarray) -> np.ndarray:
        """At distances in pixels from the nearest pixel without data, as if it were a straight end.

        distance : as `from_ends` has it
        """
        interpolated: np.ndarray = np.interp(distance - 1, self.pixels, self.raised)
        return interpolated


def from_ends(has_data: np.ndarray) -> np.ndarray:
    """(y, x) distance of each pixel from the nearest without data, in the image or beside it."""
    distance: np.ndarray = distance_transform_edt(np.pad(has_data, 1))[1:-1, 1:-1]
    return distance


def beside_ends(kernel: np.ndarray, autocorrelation: np.ndarray, *, step: int) -> BesideEnds:
    """Of a filter whose output is sampled at every `step`-th pixel.

    kernel : (odd, odd); autocorrelation : (odd, odd) of the noise
    """
    kernel, autocorrelation = (_thinned(each, step) for each in (kernel, autocorrelation))
    reach = len(kernel) // 2
    plane = UvPlane(next_fast_len(4 * reach + 1, real=True))
    power = np.maximum(plane.transform(middle(autocorrelation, reach)), 0.0)
    counts = plane.counts()
    nodes = np.unique(np.round(np.linspace(0, 1, DISTANCES) ** 2 * reach).astype(int))
    variances = []
    for beyond in nodes:
        correlated = white = 0.0
        for along in (kernel, kernel.T):
            cut = np.zeros_like(along)
            cut[: reach + beyond + 1] = along[: reach + beyond + 1]
            passed = np.abs(rfft2(cut, (plane.side, plane.side))) ** 2
            correlated += float(np.sum(counts * passed * power))
            white += float(np.sum(cut**2))
        variances.append(correlated / white)
    return BesideEnds(nodes * step, np.array(variances) / variances[-1])


def _thinned(kernel: np.ndarray, step: int) -> np.ndarray:
    """Every `step`-th value from the middle."""
    start = (len(kernel) // 2) % step
    return kernel[start::step, start::step]
