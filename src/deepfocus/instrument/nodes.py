"""The frequencies at which beams are computed, chosen for interpolation between them.

Beams differ between channels only by frequency scaling: at a given position, the phase of a
sample's fringe is proportional to frequency. Over the band it changes by up to +-phi, at the edge
of the image and on the longest baseline. A polynomial through n Chebyshev-Lobatto nodes
interpolates that fringe with an error of at most phi^n / n! * 2^(2 - n).
"""

from __future__ import annotations

from math import prod

import numpy as np
from scipy.constants import c

FRINGE_ERROR = 0.02
"""Largest error of the fastest fringe. The dirty image of a point, the mean of all fringes, is then
off by less than 1e-3 of its peak everywhere, and by 1e-4 within about 100 beams of the point."""


def node_channels(
    freq_hz: np.ndarray, *, longest_m: float, half_field_rad: float, most: int | None = None
) -> np.ndarray:
    """Channels at which to compute beams: as few as the band, the array and the image allow.

    Three for the paper's observation; every channel if the rule asks for more than there are.

    freq_hz : (chan,) channel centres
    longest_m : length of the longest baseline; half_field_rad : from the image's centre to its edge
    most : channels, an odd number, even if the rule asks for more
    """
    last = len(freq_hz) - 1
    half_band_hz = abs(freq_hz[-1] - freq_hz[0]) / 2
    phase = float(2 * np.pi * longest_m / c * half_band_hz * half_field_rad)
    number = 3
    enough = last + 1 if most is None else min(most, last + 1)
    while number < enough and fringe_error(phase, number) > FRINGE_ERROR:
        number += 2  # odd: one node is the band's middle
    positions = (1 - np.cos(np.pi * np.arange(number) / (number - 1))) / 2 * last
    closer = number > 3 and positions[1] < 1  # than the channels
    if closer and (most is None or last < most):
        return np.arange(last + 1)
    # a rounding error must not move the middle node
    return np.unique(np.floor(positions + 1e-9).astype(int))


def fringe_error(phase: float, nodes: int) -> float:
    """Largest error of exp(i phase t), -1 <= t <= 1, interpolated from Chebyshev-Lobatto nodes."""
    # phase^nodes / nodes! * 2^(2 - nodes), without numbers too large for a float on the way
    return 4 * prod(phase / (2 * node) for node in range(1, nodes + 1))
