"""Noise that filters let through where data end.

A filter that takes a pixel's surroundings from it, as the best one does of noise whiter than its
beam, takes nothing where there are none: the noise that it cancels elsewhere is left.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import next_fast_len, rfft2
from scipy.ndimage import distance_transform_edt

from deepfocus.forward.uv_plane import UvPlane, middle

DISTANCES = 12
"""From an end to the filter's reach, at which its noise is computed; between them it is smooth."""


def raised_beside_ends(
    has_data: np.ndarray, kernel: np.ndarray, autocorrelation: np.ndarray, *, step: int
) -> np.ndarray:
    """(rows, columns) variance through a filter over that of white noise through it; 1 far inside.

    has_data : (y, x) bool; kernel : (odd, odd); autocorrelation : (odd, odd) of the noise;
    step : pixels between nodes, at which the filter's output is sampled

    Ends are taken as straight, at the distance of the nearest pixel without data.
    """
    distance = distance_transform_edt(np.pad(has_data, 1))[1:-1, 1:-1][::step, ::step] - 1
    pixels, raised = _raised(_thinned(kernel, step), _thinned(autocorrelation, step))
    interpolated: np.ndarray = np.interp(distance / step, pixels, raised)
    return interpolated


def _raised(kernel: np.ndarray, autocorrelation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of data beyond the filter's middle, and how much its noise is raised there."""
    reach = len(kernel) // 2
    plane = UvPlane(next_fast_len(4 * reach + 1, real=True))
    power = np.maximum(plane.transform(middle(autocorrelation, reach)), 0.0)
    twice = np.full(power.shape, 2.0)
    twice[:, 0] = 1.0
    pixels = np.unique(np.round(np.linspace(0, 1, DISTANCES) ** 2 * reach).astype(int))
    variances = []
    for beyond in pixels:
        cut = slice(0, reach + beyond + 1)
        of_axes = []
        for axis in (kernel, kernel.T):
            left = np.zeros_like(axis)
            left[cut] = axis[cut]
            passed = np.abs(rfft2(left, (plane.side, plane.side))) ** 2
            of_axes.append((np.sum(twice * passed * power), np.sum(left**2)))
        correlated, white = np.sum(of_axes, axis=0)
        variances.append(correlated / white)
    return pixels, np.array(variances) / variances[-1]


def _thinned(kernel: np.ndarray, step: int) -> np.ndarray:
    """Every `step`-th value from the middle."""
    start = (len(kernel) // 2) % step
    return kernel[start::step, start::step]
