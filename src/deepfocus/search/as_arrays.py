"""What a search found as plain arrays, and back, bit by bit: so that no search is made twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.core.steps import Steps
from deepfocus.search.false_alarms import FalseAlarms
from deepfocus.search.noise_map import NoiseMap
from deepfocus.search.peaks import Peak
from deepfocus.search.search import Found

NUMBERS = ("x", "y", "channel", "snr", "width_chan", "size_px")
"""Of a peak; its node follows."""


def searched_once(steps: Steps, name: str, search: Callable[[], Found]) -> Found:
    """What a search finds, or found when it was made before under that name."""
    return found_of(steps.once(name, lambda: arrays_of(search())))


def arrays_of(found: Found) -> NamedArrays:
    """By name, without any object."""
    rows = [(*(getattr(peak, name) for name in NUMBERS), *peak.node) for peak in found.peaks]
    return {
        "peaks": np.array(rows, float).reshape(-1, len(NUMBERS) + 3),
        "threshold": np.array(found.threshold),
        "alarms_snr": found.alarms.snr,
        "alarms_expected": found.alarms.expected,
        "highest": found.highest,
        "step": np.array(found.step),
        "on_continuum": found.on_continuum,
        "noise_channel": found.noise.channel,
        "noise_position": found.noise.position,
        "noise_between_channels": found.noise.between_channels,
    }


def found_of(arrays: NamedArrays) -> Found:
    """From `arrays_of`."""
    return Found(
        peaks=tuple(_peak(row) for row in arrays["peaks"].tolist()),
        threshold=float(arrays["threshold"]),
        alarms=FalseAlarms(arrays["alarms_snr"], arrays["alarms_expected"]),
        highest=arrays["highest"],
        step=int(arrays["step"]),
        on_continuum=arrays["on_continuum"],
        noise=NoiseMap(
            arrays["noise_channel"], arrays["noise_position"], arrays["noise_between_channels"]
        ),
    )


def _peak(row: list[float]) -> Peak:
    numbers = dict(zip(NUMBERS, row, strict=False))
    channel, y, x = (int(each) for each in row[len(NUMBERS) :])
    return Peak(**numbers, node=(channel, y, x))
