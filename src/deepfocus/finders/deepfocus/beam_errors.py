"""How much of a bright source shows where it is not, in its own channels: the beam's errors.

A PSF of other data, an antenna that it does not know to be missing, or gain errors leave a pattern
over the image, in proportion to the source and in its channels. Each of its peaks would be fitted,
and none is a source. It is told before fainter sources are fitted, for they would take it up.
"""

from __future__ import annotations

import numpy as np
from astropy.stats import mad_std

from deepfocus.finders.deepfocus.around_bright import Bright, Ring, rings_around
from deepfocus.finders.deepfocus.clusters import Explained
from deepfocus.finders.deepfocus.sight import Sight
from deepfocus.finders.deepfocus.sources import sources_of
from deepfocus.search.noise_map import NoiseMap

BRIGHT_ENOUGH = 30.0
"""Signal-to-noise of a source around which an error shows."""
SURE = 5.0
"""Standard deviations from which on something is said."""
LEAST_EXCESS = 1.5
"""Power left over that of noise, from which on something is said."""
ALSO = 0.3
"""Of the signal-to-noise of a bright source: others that are as bright are not looked at."""


def beam_error(explained: Explained, noise: NoiseMap, sight: Sight, *, before: float) -> float:
    """What a bright source leaves around it: of its signal-to-noise, one standard deviation.

    0 if that may be noise. The least of what the brightest sources allow, for around one of them
    may be others, not fitted yet. `before`, in an earlier look, may have been a source that is in
    pieces now: it holds until sources that are bright enough allow less.
    """
    if not sight.sidelobes.any or not np.any(explained.gain >= BRIGHT_ENOUGH**2):
        return before
    least_gain = (ALSO * BRIGHT_ENOUGH) ** 2
    sources = [
        Bright(source, float(np.sqrt(max(source.gain, 0.0))))
        for source in sources_of(explained, sight.beam_px, least_gain=least_gain)
    ]
    rings = rings_around(sources, BRIGHT_ENOUGH, sight, explained.residual, noise)
    allowed = [_allowed(ring, bright.snr) for bright, ring in rings]
    least, told = min(allowed, default=(np.inf, False))
    if told:
        return least
    return before if before <= least else 0.0


def _allowed(ring: Ring, snr: float) -> tuple[float, bool]:
    """How wrong the beam may be, of a signal-to-noise; and whether more than noise is left.

    Other sources in the ring do not count: few of its points have one on them, and their sidelobes
    go with them.
    """
    expected, scatter = ring.power_of_noise
    left = _power(ring.without_peaks())
    told = left > LEAST_EXCESS * expected and left - expected > SURE * scatter
    excess = max(left / expected, LEAST_EXCESS) - 1
    return float(np.sqrt(excess)) / snr, told


def _power(values: np.ndarray) -> float:
    """Sum of squares, as most of them have it."""
    return len(values) * float(mad_std(values)) ** 2
