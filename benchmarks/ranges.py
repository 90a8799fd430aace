"""Ranges from which `tune.py` draws the settings of a finder, by its kind.

A key is that of `--set`: the name of a setting, or of one of a part, with dots.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Range(Protocol):
    """Values that a setting may take."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them."""
        ...


@dataclass(frozen=True)
class Between:
    """A number between two, to three digits; `log` for the same share of draws in each octave."""

    low: float
    high: float
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """Uniform in the number or in its logarithm."""
        value = rng.uniform(self.low, self.high)
        if self.log:
            value = np.exp(rng.uniform(np.log(self.low), np.log(self.high)))
        return float(f"{value:.3g}")


@dataclass(frozen=True)
class Among:
    """One of a few values."""

    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        """Each as likely as the others."""
        return self.values[rng.integers(len(self.values))]


WHOLE_BAND = {"kind": "whole_band"}
WIDTHS = ((4.0, 12.0), (8.0,), (3.0, 6.0, 12.0, 24.0), (6.0, 16.0))
MAPS = Among((WHOLE_BAND, *({"kind": "channel_maps", "widths_chan": each} for each in WIDTHS)))
"""Images of the whole band in one trial of five: they cost little and say little of faint lines."""

RANGES: Mapping[str, Mapping[str, Range]] = {
    "lineseeker": {
        "min_snr": Between(4.0, 7.0),
        "min_fidelity": Between(0.5, 1.0),
        "link_beams": Between(0.3, 2.0, log=True),
        "sigmas_chan": Among(
            (
                (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0),
                (0.0, 1.0, 2.0, 4.0, 8.0),
                (1.0, 2.0, 3.0, 5.0, 8.0),
                (2.0, 4.0, 8.0),
            )
        ),
        "continuum.clip_sigma": Between(2.0, 5.0),
    },
    "matched_filter": {
        "min_snr": Between(4.0, 8.0),
        "min_fidelity": Between(0.5, 1.0),
        "link_beams": Between(0.3, 2.0, log=True),
        "continuum.clip_sigma": Between(2.0, 5.0),
    },
    "blobcat": {
        "detection_snr": Between(4.0, 12.0, log=True),
        "flooding_snr": Between(2.0, 4.0),
        "min_pixels": Among((3, 5, 10, 20)),
        "maps": MAPS,
        "line.min_snr": Between(4.0, 8.0),
    },
    "photutils": {
        "detection_snr": Between(1.5, 6.0, log=True),
        "smooth_beams": Between(0.3, 1.2),
        "min_beams": Between(0.1, 1.0, log=True),
        "peak_snr": Between(4.0, 12.0, log=True),
        "contrast": Between(1e-3, 0.1, log=True),
        "background_beams": Among((6.0, 10.0, 20.0)),
        "maps": MAPS,
        "line.min_snr": Between(4.0, 8.0),
    },
    "pybdsf": {
        "thresh_pix": Between(4.0, 10.0, log=True),
        "thresh_isl": Between(2.0, 4.0),
        # of the whole band: it takes two seconds an image, a minute and more for channel maps
        "line.min_snr": Between(4.0, 8.0),
    },
    "aegean": {
        "seed_clip": Between(4.0, 10.0, log=True),
        "flood_clip": Between(2.5, 4.0),
        "maps": MAPS,
        "line.min_snr": Between(4.0, 8.0),
    },
    "sofia": {
        "threshold": Between(3.0, 6.0),
        "judge.min_snr": Between(2.0, 6.0),
        "judge.min_reliability": Between(0.5, 0.99),
        "judge.min_snr_alone": Between(4.0, 8.0),
        "min_size_beams": Between(0.5, 2.0),
        "min_size_chan": Among((2, 3, 5)),
    },
}
