"""A grid, and a catalogue on it, for the tests of other programs' lists."""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue, catalogue
from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.core.sky_columns import with_sky_units

STEP_HZ = 20e6


def grid(*, channels: int = 64, size: int = 128, dec_deg: float = -30.0, up: bool = True) -> Grid:
    """0.1 arcsec pixels; 20 MHz channels from 230 GHz, upwards or downwards."""
    freq_hz = 230e9 + STEP_HZ * np.arange(channels)
    return tangent_grid(
        ra_deg=150.0,
        dec_deg=dec_deg,
        size=size,
        cell_arcsec=0.1,
        freq_hz=freq_hz if up else freq_hz[::-1],
        rest_hz=230.538e9,
    )


def three(on: Grid, **columns: object) -> Catalogue:
    """Three sources on a grid, of which the third is rejected."""
    found = catalogue(
        **{
            "x": [40.25, 80.5, 20.0],
            "y": [30.75, 90.0, 20.0],
            "channel": [20.5, 41.0, 10.0],
            "flag": [0, 0, 256],
            "line_fwhm_chan": [10.0, 6.5, 4.0],
            "line_w20_chan": [15.0, 10.0, 6.0],
            "box_x0": [35.5, 75.5, 18.5],
            "box_x1": [45.5, 85.5, 22.5],
            "box_y0": [25.5, 85.5, 18.5],
            "box_y1": [35.5, 95.5, 22.5],
            "channel_lo": [10.5, 34.5, 6.0],
            "channel_hi": [30.5, 47.5, 14.0],
            "x_err": [0.25, 0.125, 0.5],
            "y_err": [0.25, 0.125, 0.5],
            "channel_err": [0.5, 0.25, 1.0],
            "line_flux": [1.5, 0.25, 0.1],
            "line_flux_err": [0.125, 0.03125, 0.1],
            "peak": [30.0, 12.0, 4.0],
            "snr_peak": [30.0, 12.0, 4.0],
            "snr_focused": [12.0, 8.0, 3.0],
            "probability": [1.0, 0.75, 0.1],
            "fidelity": [0.875, 0.5, 0.1],
            "fidelity_err": [0.125, 0.25, 0.1],
            "warning": [
                "near the edge of the image",
                "near the edge of the image; line cut off by the end of the band",
                "",
            ],
            **columns,
        }
    )
    return with_sky_units(found, on)
