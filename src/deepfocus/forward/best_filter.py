"""The filter that sees most of what noise leaves: B / N in the uv plane (forward.kernels)."""

from __future__ import annotations

import numpy as np

FLOOR = 0.05
"""Of the noise's mean power where the beam has its own: below, nothing was observed, or N is not
known, and the filter fades out. Of its highest power it cannot be: weights that even out the
density of visibilities raise that on the longest baselines, ten times above what most of them have
(docs/experiments.md, weights of visibilities)."""


def best_filter(beam: np.ndarray, power: np.ndarray) -> np.ndarray:
    """B N / (N^2 + floor^2); beam, power : (rows, columns) transforms of beam and noise."""
    floor = FLOOR * np.average(power, weights=np.maximum(beam, 0.0))
    filtered: np.ndarray = beam * power / (power**2 + floor**2)
    return filtered
