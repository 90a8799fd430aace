"""A set of cubes of one bright source, whose beam may be stated wrong."""

from __future__ import annotations

from typing import Any

SEED = 2_000_000
SNR = 200.0
BRIGHT_SOURCE: dict[str, Any] = {
    "observation": {
        "size": 128, "channels": 32, "total_time": "1200 s", "integration": "30 s",
    },
    "population": {
        "kind": "corrected", "sources": [1, 1], "point_fraction": 0.0, "disc_fraction": 0.0,
        "fwhm_px": [5.0, 6.0], "axis_ratio": [0.8, 1.0], "line_fwhm_chan": [5.0, 8.0],
        "line_margin_chan": 8.0, "field_fraction": 0.2, "with_continuum": 0.0,
        "ideal_snr": [SNR, SNR],
    },
    "noise": {"kind": "thermal", "pwv": "0.8 mm"},
}  # fmt: skip
