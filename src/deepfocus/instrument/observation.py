"""What is observed, with which array, for how long, and how it is imaged (paper, Table 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid, tangent_grid


@dataclass(frozen=True)
class Observation:
    """Settings of one single-field observation; the defaults are the paper's Table 2.

    configuration : 'C-1' to 'C-10', 'ACA', or an antenna file
    ra, dec : phase and pointing centre, ICRS
    total_time, integration : length of the track, centred on transit, and its sampling
    first_frequency, channel_width, channels : the frequency axis (centres)
    cell, size : pixel and image side; the phase centre is pixel size // 2
    robust : Briggs parameter, or none for natural weighting
    """

    configuration: str = "C-3"
    ra: u.Quantity = 59.99983333333333 * u.deg
    dec: u.Quantity = -34.99986111111111 * u.deg
    total_time: u.Quantity = 2400 * u.s
    integration: u.Quantity = 10 * u.s
    first_frequency: u.Quantity = 229.36 * u.GHz
    channel_width: u.Quantity = 10 * u.MHz
    channels: int = 128
    cell: u.Quantity = 0.1 * u.arcsec
    size: int = 360
    robust: float | None = None

    def __post_init__(self) -> None:
        for name, unit in (
            ("ra", u.deg),
            ("dec", u.deg),
            ("total_time", u.s),
            ("integration", u.s),
            ("first_frequency", u.Hz),
            ("channel_width", u.Hz),
            ("cell", u.arcsec),
        ):
            value = getattr(self, name)
            if not value.isscalar or not value.unit.is_equivalent(unit):
                raise DeepFocusError(
                    f"{name} = {value}", wanted=f"one value in {unit}", remedy="correct the unit"
                )
        if self.size < 16 or self.channels < 1 or self.total_time <= 0 * u.s:
            raise DeepFocusError(
                f"size {self.size}, channels {self.channels}, total_time {self.total_time}",
                wanted="at least 16 pixels, 1 channel and a positive time",
                remedy="correct the observation's settings",
            )

    @property
    def freq_hz(self) -> np.ndarray:
        """(chan,) channel centres, Hz."""
        start, step = self.first_frequency.to_value(u.Hz), self.channel_width.to_value(u.Hz)
        return start + step * np.arange(self.channels)

    def grid(self) -> Grid:
        """The grid of the image cube; its rest frequency is the middle of the band."""
        return tangent_grid(
            ra_deg=self.ra.to_value(u.deg),
            dec_deg=self.dec.to_value(u.deg),
            size=self.size,
            cell_arcsec=self.cell.to_value(u.arcsec),
            freq_hz=self.freq_hz,
            rest_hz=float(np.mean(self.freq_hz)),
        )
