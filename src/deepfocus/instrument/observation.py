"""What is observed, with which array, for how long, and how it is imaged (paper, Table 2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.grid import Grid, tangent_grid
from deepfocus.instrument.execution import Execution
from deepfocus.instrument.mosaic import Mosaic
from deepfocus.instrument.total_power import TotalPower
from deepfocus.instrument.tracks import SIDEREAL_PER_SOLAR, seconds_to_hour_angle
from deepfocus.instrument.weighting import Briggs, Natural, Tapered, Uniform, Weighting

WEIGHTINGS = ("natural", "uniform", "briggs")
UNITS = {
    "ra": u.deg,
    "dec": u.deg,
    "total_time": u.s,
    "integration": u.s,
    "first_frequency": u.Hz,
    "channel_width": u.Hz,
    "rest_frequency": u.Hz,
    "cell": u.arcsec,
}
"""Units of the settings, except hour_angle and taper, which each take two kinds of unit."""


@dataclass(frozen=True)
class Observation:
    """Settings of one observation; the defaults are the paper's Table 2.

    configuration : 'C-1' to 'C-10', 'ACA', or an antenna file
    ra, dec : phase and pointing centre, ICRS
    total_time : length of a track centred on simobserve's transit, which CASA puts up to 5 minutes
        after the true one; 2400 s if no hour_angle is given
    hour_angle : instead of total_time, start and end of the track ("-1 h", "2 h") as true apparent
        hour angles, accurate to a second
    integration : sampling of the track
    first_frequency, channel_width, channels : the frequency axis (channel centres); it descends if
        the width is negative
    rest_frequency : defines the cube's velocities; the middle of the band if not given
    cell, size : pixel and image side; the phase centre is pixel size // 2. If not given, they are
        Table 2's for its configuration and first frequency; otherwise five cells across the
        synthesised beam and an image that covers the primary beam down to 0.2
    weighting : 'natural', 'uniform' or 'briggs'; if not given, Briggs if robust is given, else
        natural
    robust : Briggs parameter, from -2 (nearly uniform) to 2 (nearly natural); 0.5 if not given
    taper : Gaussian taper in addition, as in CASA: an angle (FWHM of a beam on the sky), or a
        number of wavelengths without unit (uv distance at which the weight halves)
    more_executions : other arrays or tracks, whose visibilities are imaged with those of this one
    mosaic : pointings about ra and dec, each seen in turn in the course of every track; one at
        ra and dec if not given
    total_power : single dishes' map of the field, imaged with the arrays; none if not given
    """

    configuration: str = "C-3"
    ra: u.Quantity = 59.99983333333333 * u.deg
    dec: u.Quantity = -34.99986111111111 * u.deg
    total_time: u.Quantity | None = None
    hour_angle: tuple[u.Quantity, u.Quantity] | None = None
    integration: u.Quantity = 10 * u.s
    first_frequency: u.Quantity = 229.36 * u.GHz
    channel_width: u.Quantity = 10 * u.MHz
    channels: int = 128
    rest_frequency: u.Quantity | None = None
    cell: u.Quantity | None = None
    size: int | None = None
    weighting: str | None = None
    robust: float | None = None
    taper: u.Quantity | None = None
    more_executions: tuple[Execution, ...] | None = None
    mosaic: Mosaic | None = None
    total_power: TotalPower | None = None

    def __post_init__(self) -> None:
        self._fill_in()
        self._check_units()
        self._check_track()
        self._check_band()
        self._check_image()
        self._check_weighting()
        self._check_total_power()
        if self.more_executions:
            self.executions()  # each is checked as an observation of its own

    def _fill_in(self) -> None:
        """Set what is not given to Table 2's values, if they apply."""
        if self.total_time is not None and self.hour_angle is not None:
            raise DeepFocusError(
                "both total_time and hour_angle are given",
                wanted="one of them",
                remedy="leave total_time out for a track from one hour angle to another",
            )
        if self.total_time is None and self.hour_angle is None:
            object.__setattr__(self, "total_time", 2400 * u.s)
        table_2 = type(self).configuration, type(self).first_frequency
        if (self.configuration, self.first_frequency) == table_2:
            if self.size is None and self.cell is None:
                object.__setattr__(self, "size", 360)
            if self.cell is None:
                object.__setattr__(self, "cell", 0.1 * u.arcsec)

    def _check_units(self) -> None:
        for name, unit in UNITS.items():
            value = getattr(self, name)
            if value is not None and not (value.isscalar and value.unit.is_equivalent(unit)):
                raise DeepFocusError(
                    f"{name} = {value}", wanted=f"one value in {unit}", remedy="correct the unit"
                )

    def _check_track(self) -> None:
        start_s, end_s = self.track_s if self.hour_angle is None else self._hour_angles_s()
        small = self.size is not None and self.size < 16
        if small or self.channels < 1 or start_s >= end_s or self.integration <= 0 * u.s:
            raise DeepFocusError(
                f"size {self.size}, channels {self.channels}, a track of {end_s - start_s:g} s",
                wanted="at least 16 pixels, 1 channel and a positive time",
                remedy="correct the observation's settings",
            )
        if self.integration.to_value(u.s) > end_s - start_s:
            raise DeepFocusError(
                f"integrations of {self.integration:g} in a track of {end_s - start_s:g} s",
                wanted="at least one in the track",
                remedy="shorten integration or lengthen the track",
            )

    def _check_band(self) -> None:
        rest = self.rest_frequency
        if self.freq_hz.min() <= 0 or self.channel_width == 0 or (rest is not None and rest <= 0):
            raise DeepFocusError(
                f"channels of {self.channel_width:g} from {self.first_frequency:g}, rest frequency "
                f"{rest}",
                wanted="positive frequencies that differ",
                remedy="correct first_frequency, channel_width, channels or rest_frequency",
            )

    def _check_image(self) -> None:
        if self.cell is not None and self.cell <= 0 * u.arcsec:
            raise DeepFocusError(
                f"cell = {self.cell}", wanted="a positive angle", remedy="correct the cell"
            )
        if abs(self.ra) > 360 * u.deg or abs(self.dec) > 90 * u.deg:
            raise DeepFocusError(
                f"ra = {self.ra:g}, dec = {self.dec:g}",
                wanted="a position on the sky",
                remedy="correct ra or dec",
            )

    def _check_weighting(self) -> None:
        scheme = self.weighting
        if scheme is not None and scheme not in WEIGHTINGS:
            raise DeepFocusError(
                f"weighting '{scheme}'",
                wanted=f"one of {', '.join(WEIGHTINGS)}",
                remedy="correct the name",
            )
        if self.robust is not None and not -2 <= self.robust <= 2:
            raise DeepFocusError(
                f"robust = {self.robust:g}",
                wanted="from -2 (nearly uniform) to 2 (nearly natural)",
                remedy="correct it",
            )
        if self.robust is not None and scheme in ("natural", "uniform"):
            raise DeepFocusError(
                f"robust {self.robust:g} with {scheme} weighting",
                wanted="robust only with Briggs weighting",
                remedy="leave one of them out",
            )
        taper = self.taper
        if taper is None:
            return
        angle = taper.unit.is_equivalent(u.arcsec) and taper.unit != u.dimensionless_unscaled
        if not (angle or taper.unit == u.dimensionless_unscaled) or not taper > 0:
            raise DeepFocusError(
                f"taper = {taper}",
                wanted="a positive angle, or a number of wavelengths without unit",
                remedy="write it as '0.5 arcsec' or '200000'",
            )

    def _check_total_power(self) -> None:
        if self.total_power is not None and self.mosaic is not None:
            raise DeepFocusError(
                "total_power with a mosaic",
                wanted="total power only with one pointing: the noise that pointings would share "
                "is not simulated",
                remedy="leave out [observation.total_power] or [observation.mosaic]",
            )

    def executions(self) -> tuple[tuple[Observation, float], ...]:
        """Every execution as an observation of its own, and its `tsys_ratio`; this one first."""
        alone = replace(self, more_executions=None, mosaic=None, total_power=None)
        more = tuple(
            (alone._executed_as(each), each.tsys_ratio) for each in self.more_executions or ()
        )
        return ((alone, 1.0), *more)

    def _executed_as(self, execution: Execution) -> Observation:
        """This observation with the array and the track of a further execution."""
        given = execution.integration
        return replace(
            self,
            configuration=execution.configuration,
            total_time=execution.total_time,
            hour_angle=execution.hour_angle,
            integration=self.integration if given is None else given,
        )

    @property
    def is_joint(self) -> bool:
        """Whether it has several executions or pointings, or total power."""
        joined = self.mosaic is not None or self.total_power is not None
        return bool(self.more_executions) or joined

    @property
    def track_s(self) -> tuple[float, float]:
        """Start and end of the track relative to simobserve's transit, seconds of UTC.

        A track between hour angles is centred on their mean. Its number of whole integrations is
        the one that comes closest to its length.
        """
        if self.hour_angle is None:
            assert self.total_time is not None
            half = self.total_time.to_value(u.s) / 2
            return -half, half
        start_s, end_s = self._hour_angles_s()
        middle = seconds_to_hour_angle(
            ra_deg=self.ra.to_value(u.deg),
            dec_deg=self.dec.to_value(u.deg),
            hour_angle_s=(start_s + end_s) / 2,
        )
        step = self.integration.to_value(u.s)
        half = max(1, round((end_s - start_s) / SIDEREAL_PER_SOLAR / step)) * step / 2
        return middle - half, middle + half

    def _hour_angles_s(self) -> tuple[float, float]:
        """Hour angles at the start and end of the track, sidereal seconds."""
        assert self.hour_angle is not None
        if len(self.hour_angle) != 2:
            raise DeepFocusError(
                "hour_angle is not a pair", wanted="start and end", remedy="give two values"
            )
        hours = []
        for value in self.hour_angle:
            turn = value.unit.is_equivalent(u.hourangle)
            if not (turn or value.unit.is_equivalent(u.h)):
                raise DeepFocusError(
                    f"hour_angle {value}", wanted="hours, or an angle", remedy="correct the unit"
                )
            hours.append(value.to_value(u.hourangle if turn else u.h))
        return 3600.0 * hours[0], 3600.0 * hours[1]

    def weighting_scheme(self, field_arcsec: float) -> Weighting:
        """The weighting, with uv cells that are the inverse of the image side `field_arcsec`."""
        base: Weighting = Natural()
        if self.weighting == "uniform":
            base = Uniform()
        elif self.weighting == "briggs" or self.robust is not None:
            base = Briggs() if self.robust is None else Briggs(self.robust)
        if self.taper is None:
            return base
        if self.taper.unit == u.dimensionless_unscaled:
            wavelengths = self.taper.value
        else:
            # a Gaussian of FWHM theta on the sky falls to half in the uv plane at this radius
            wavelengths = 2 * np.log(2) / np.pi / self.taper.to_value(u.rad)
        return Tapered(base, float(wavelengths * np.deg2rad(field_arcsec / 3600.0)))

    @property
    def counts_all_the_same(self) -> bool:
        """Whether all visibilities have the same weight: natural weighting without a taper."""
        return self.weighting in (None, "natural") and self.robust is None and self.taper is None

    @property
    def freq_hz(self) -> np.ndarray:
        """(chan,) channel centres, Hz."""
        start, step = self.first_frequency.to_value(u.Hz), self.channel_width.to_value(u.Hz)
        centres: np.ndarray = start + step * np.arange(self.channels)
        return centres

    def grid(self) -> Grid:
        """The grid of the image cube.

        Raises `DeepFocusError` if cell or size is not set; `telescope_of` chooses them.
        """
        if self.cell is None or self.size is None:
            raise DeepFocusError(
                "cell and size of this observation are not given",
                wanted="both",
                remedy="take the grid from telescope_of(observation).grid, which chooses them",
            )
        rest = self.rest_frequency
        return tangent_grid(
            ra_deg=self.ra.to_value(u.deg),
            dec_deg=self.dec.to_value(u.deg),
            size=self.size,
            cell_arcsec=self.cell.to_value(u.arcsec),
            freq_hz=self.freq_hz,
            rest_hz=float(np.mean(self.freq_hz)) if rest is None else float(rest.to_value(u.Hz)),
        )
