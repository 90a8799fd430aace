"""The `Grid` of a cube: the one object from which every axis is derived."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from astropy import units as u
from astropy.constants import c
from astropy.coordinates import BaseCoordinateFrame, SkyCoord
from astropy.wcs import WCS

from deepfocus.core.cell_shape import are_square, equal_area_arcsec
from deepfocus.core.sky_frame import sky_frame

C_KMS = c.to_value(u.km / u.s)


@dataclass(frozen=True, eq=False)
class Grid:
    """Sky and frequency axes of a cube of shape `(chan, y, x)`.

    Pixel and channel centres lie at integers from 0.

    sky : two-dimensional celestial WCS of shape (y, x)
    ny, nx : image size in pixels
    freq_hz : (chan,) channel centre frequencies, Hz, monotonic, either direction
    rest_hz : rest frequency of the velocity axis, Hz, or None if the header has none
    specsys : spectral reference frame, as FITS spells it
    nominal : the axis is one of velocity, and no rest frequency is known. `rest_hz` is then made
        up, and `freq_hz` such that radio velocities are those of the axis. Nothing but velocities
        and ratios of frequencies means anything.
    only_width_hz : width of the channel of a grid that has one, Hz; None if there are more, which
        tell their own widths, or if it is not known
    """

    sky: WCS
    ny: int
    nx: int
    freq_hz: np.ndarray
    rest_hz: float | None = None
    specsys: str = "LSRK"
    nominal: bool = False
    only_width_hz: float | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return len(self.freq_hz), self.ny, self.nx

    @cached_property
    def cell_arcsec(self) -> float:
        """Side of the square with a pixel's area, arcsec; the scale of all angular sizes."""
        return equal_area_arcsec(self.sky)

    @cached_property
    def square_cells(self) -> bool:
        """Whether cells are square; else `core.orientation` maps sizes and angles to the sky."""
        return are_square(self.sky)

    @cached_property
    def channel_width_hz(self) -> float:
        """Median absolute channel spacing, Hz; that of a single channel may be NaN."""
        return float(np.median(self._spacing_hz))

    @cached_property
    def _spacing_hz(self) -> np.ndarray:
        """(chan - 1,) absolute spacing of channels; (1,) the width of a single one."""
        if len(self.freq_hz) > 1:
            return np.abs(np.diff(self.freq_hz))
        return np.array([np.nan if self.only_width_hz is None else self.only_width_hz])

    def frequency_at(self, channel: np.ndarray | float) -> np.ndarray:
        """Frequency in Hz at a (fractional) channel; linear between and beyond the centres."""
        index = np.arange(len(self.freq_hz))
        channel = np.asarray(channel, float)
        # one channel does not say which way frequencies run
        step = np.diff(self.freq_hz) if len(index) > 1 else np.zeros(1)
        inside = np.interp(channel, index, self.freq_hz)
        below = self.freq_hz[0] + channel * step[0]
        above = self.freq_hz[-1] + (channel - index[-1]) * step[-1]
        frequency: np.ndarray = np.where(
            channel < 0, below, np.where(channel > index[-1], above, inside)
        )
        return frequency

    def sky_frequency_at(self, channel: np.ndarray | float) -> np.ndarray:
        """`frequency_at`, for catalogues: NaN where frequencies are only nominal."""
        frequency = self.frequency_at(channel)
        return np.full_like(frequency, np.nan) if self.nominal else frequency

    def sky_frequency_width(
        self, width_chan: np.ndarray | float, channel: np.ndarray | float
    ) -> np.ndarray:
        """A width in channels at `channel` in Hz; NaN where frequencies are only nominal."""
        width: np.ndarray = np.asarray(width_chan) * self._step_hz_at(channel)
        return np.full_like(width, np.nan) if self.nominal else width

    def width_kms(self, width_chan: np.ndarray | float, channel: np.ndarray | float) -> np.ndarray:
        """Convert a width in channels at `channel` to a velocity width in km/s; NaN if unknown.

        dv = c dnu / nu at the frequency of `channel`: the width in the frame of the source,
        whatever its redshift and the rest frequency of the header. Where frequencies are nominal,
        it is the width on the velocity axis.
        """
        reference = self.rest_hz if self.nominal else self.frequency_at(channel)
        width: np.ndarray = np.asarray(width_chan) * self._step_hz_at(channel) / reference * C_KMS
        return width

    def velocity_kms(self, channel: np.ndarray | float) -> np.ndarray:
        """Radio velocity at a (fractional) channel; the axis's own where it is nominal.

        It needs a rest frequency: without one, all are NaN.
        """
        rest = self.rest_hz or np.nan
        velocity: np.ndarray = C_KMS * (1.0 - self.frequency_at(channel) / rest)
        return velocity

    def velocity_step_kms(self, channel: np.ndarray | float) -> np.ndarray:
        """What `velocity_kms` changes by over a channel, without its sign; NaN if unknown."""
        step: np.ndarray = C_KMS * self._step_hz_at(channel) / (self.rest_hz or np.nan)
        return step

    def _step_hz_at(self, channel: np.ndarray | float) -> np.ndarray:
        """Absolute channel spacing, Hz, at a channel; a gap between two bands is no spacing."""
        step = self._spacing_hz
        if len(self.freq_hz) == 1:
            return np.broadcast_to(step[0], np.shape(channel))
        own = np.minimum(np.append(step, step[-1]), np.insert(step, 0, step[0]))
        local: np.ndarray = np.interp(np.asarray(channel, float), np.arange(len(own)), own)
        return local

    @cached_property
    def frame(self) -> BaseCoordinateFrame | None:
        """Frame of the sky axes; None if it is not known, or not one of the sky."""
        return sky_frame(self.sky)

    def sky_at(self, x: np.ndarray | float, y: np.ndarray | float) -> SkyCoord:
        """ICRS position of 0-based pixel positions.

        NaN outside the projection, and everywhere if the frame is not known.
        """
        if self.frame is None:
            nowhere = np.full(np.broadcast(x, y).shape, np.nan)
            return SkyCoord(nowhere, nowhere, unit="deg", frame="icrs")
        longitude, latitude = self.sky.all_pix2world(x, y, 0)
        return SkyCoord(longitude, latitude, unit="deg", frame=self.frame).icrs

    def of_channels(self, channels: slice) -> Grid:
        """The grid of some channels, which may be one: its width stays known."""
        freq_hz = self.freq_hz[channels]
        width = None
        if len(freq_hz) == 1:
            first = range(len(self.freq_hz))[channels][0]
            known = float(self._step_hz_at(first))
            width = known if np.isfinite(known) else None
        return replace(self, freq_hz=freq_hz, only_width_hz=width)

    def cropped(self, *, y0: int, x0: int, ny: int, nx: int) -> Grid:
        """The grid of the sub-image whose first pixel is (y0, x0)."""
        return replace(self, sky=self.sky[y0 : y0 + ny, x0 : x0 + nx], ny=ny, nx=nx)


def tangent_grid(
    *,
    ra_deg: float,
    dec_deg: float,
    size: int,
    cell_arcsec: float,
    freq_hz: np.ndarray,
    rest_hz: float | None = None,
) -> Grid:
    """A square SIN grid as CASA makes it: the phase centre on pixel size // 2, east to the left."""
    sky = WCS(naxis=2)
    sky.wcs.ctype = ["RA---SIN", "DEC--SIN"]
    sky.wcs.crval = [ra_deg, dec_deg]
    sky.wcs.crpix = [size // 2 + 1, size // 2 + 1]
    sky.wcs.cdelt = [-cell_arcsec / 3600.0, cell_arcsec / 3600.0]
    sky.wcs.cunit = ["deg", "deg"]
    sky.wcs.radesys = "ICRS"
    sky.wcs.set()
    return Grid(sky=sky, ny=size, nx=size, freq_hz=np.asarray(freq_hz, float), rest_hz=rest_hz)
