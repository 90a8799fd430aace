"""Tracks given by hour angles, against the hour angle and elevation of astropy's own frames."""

from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import AltAz, EarthLocation, HADec, SkyCoord
from astropy.time import Time
from astropy.utils import iers

from deepfocus.instrument.antennas import ALMA_LATITUDE_RAD, ALMA_LONGITUDE_RAD
from deepfocus.instrument.coverage import track_times
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.tracks import transit_times

ALMA = EarthLocation.from_geodetic(
    ALMA_LONGITUDE_RAD * u.rad, ALMA_LATITUDE_RAD * u.rad, 5056.8 * u.m
)


def observed(
    ra_deg: float, dec_deg: float, start_h: float, end_h: float, step_s: float
) -> Observation:
    return Observation(
        ra=ra_deg * u.deg,
        dec=dec_deg * u.deg,
        hour_angle=(start_h * u.h, end_h * u.h),
        integration=step_s * u.s,
    )


def seen(observation: Observation, frame: type) -> SkyCoord:
    """The source in a frame of the site at the track's times, with astropy's own table of UT1."""
    place = SkyCoord(observation.ra, observation.dec, frame="icrs")
    with iers.conf.set_temp("auto_download", False):
        times = Time(track_times(observation), format="mjd", scale="utc")
        return place.transform_to(frame(obstime=times, location=ALMA))


@pytest.mark.parametrize(
    ("ra_deg", "dec_deg", "start_h", "end_h", "step_s"),
    [
        (59.99983, -34.99986, -0.5, 0.5, 10.0),
        (0.0, -23.0, -1.5, 1.5, 30.0),
        (83.81, -5.37, 1.0, 2.0, 10.0),
        (100.0, -23.0, -3.0, -1.0, 60.0),  # just after midnight
        (200.0, 20.0, -1.0, 2.0, 7.0),  # no whole number of integrations
        (310.0, -70.0, -2.0, 2.0, 60.0),
    ],
)
def test_the_mean_hour_angle_is_the_middle_of_the_range(
    ra_deg: float, dec_deg: float, start_h: float, end_h: float, step_s: float
) -> None:
    """To 1 s: UT1 is taken as UTC, 0.1 s, and at -70 deg diurnal aberration is under 0.1 s.

    The distance of the first from the last is the range in sidereal time, less an integration,
    and off by up to half of one where the range has no whole number of them.
    """
    observation = observed(ra_deg, dec_deg, start_h, end_h, step_s)
    hours = seen(observation, HADec).ha.wrap_at(180 * u.deg).hourangle
    assert hours.mean() * 3600 == pytest.approx((start_h + end_h) / 2 * 3600, abs=1.0)
    span_s = (hours[-1] - hours[0]) * 3600 + step_s
    assert span_s == pytest.approx((end_h - start_h) * 3600, abs=step_s / 2 + 1.0)


def test_elevation_is_symmetric_about_transit() -> None:
    """To 15 arcsec, by which it changes in 1 s at the most."""
    elevation = seen(observed(60.0, -35.0, -2.0, 2.0, 60.0), AltAz).alt.arcsec
    np.testing.assert_allclose(elevation, elevation[::-1], atol=15.0)
    assert elevation.argmax() in (len(elevation) // 2 - 1, len(elevation) // 2)


def test_a_total_time_is_still_simobserves_track() -> None:
    """Seconds of UTC in place of sidereal ones, TAI as UTC: 53 s late for the paper's field."""
    plain = Observation()
    times = track_times(plain)
    where = {"ra_deg": plain.ra.to_value(u.deg), "dec_deg": plain.dec.to_value(u.deg)}
    np.testing.assert_array_equal(times, transit_times(**where, total_s=2400.0, step_s=10.0))
    hours = seen(plain, HADec).ha.wrap_at(180 * u.deg).hourangle
    assert hours.mean() * 3600 == pytest.approx(53.0, abs=1.0)
    true = replace(plain, total_time=None, hour_angle=(-20 * u.min, 20 * u.min))
    late_s = (times.mean() - track_times(true).mean()) * 86400
    assert late_s == pytest.approx(53.0, abs=1.0)
