"""The filter that sees most of what noise leaves: B / N in the uv plane (forward.kernels)."""

from __future__ import annotations

import numpy as np

from deepfocus.forward.uv_plane import UvPlane

FLOOR = 0.1
"""Of the noise's highest power on baselines as short or shorter: below, nothing was observed, or N
is not known, and the filter fades out."""
SHORT_BEAMS = 0.25
"""Spatial frequency, cycles in the FWHM of the beam, up to which baselines count as short: what
interferometers miss around the middle of the uv plane lies within."""


def best_filter(
    plane: UvPlane, beam: np.ndarray, power: np.ndarray, *, beam_px: float
) -> np.ndarray:
    """B N / (N^2 + floor^2) in the cells of a plane.

    beam, power : transforms of the beam and of the noise's autocorrelation; beam_px : FWHM

    Noise that falls towards long baselines does so where visibilities run out. That which rises
    towards them does so since weights have evened out how dense they are: what is low within is
    no gap, but where most was observed. So the floor is that of baselines up to the cell's own.
    """
    floor = FLOOR * _highest_within(plane.frequency() * beam_px, power)
    filtered: np.ndarray = beam * power / (power**2 + floor**2)
    return filtered


def _highest_within(frequency: np.ndarray, power: np.ndarray) -> np.ndarray:
    """For each cell the highest power at no higher frequency, or at one that counts as short."""
    order = np.argsort(frequency, axis=None, kind="stable")
    highest = np.maximum.accumulate(power.ravel()[order])
    short = np.searchsorted(frequency.ravel()[order], SHORT_BEAMS, side="right") - 1
    within = np.empty_like(highest)
    within[order] = np.maximum(highest, highest[short])
    return within.reshape(power.shape)
