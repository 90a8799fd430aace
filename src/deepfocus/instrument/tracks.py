"""uv tracks: the baselines of an array seen from the source, as the Earth rotates.

IAU 2006/2000A precession-nutation and sidereal time (pyerfa). The baselines are rotated
by annual aberration from the apparent to the J2000 direction, as in CASA: without it w is off by
4 cm, and with of-date axes u and v are off by 0.7 m. UT1 is taken equal to UTC.
"""

from __future__ import annotations

import erfa
import numpy as np

from deepfocus.instrument.antennas import ALMA_LATITUDE_RAD, ALMA_LONGITUDE_RAD, Antennas

MJD0 = 2400000.5
LIGHT_AU_PER_DAY = 173.14463267424034
REFERENCE_MJD = 56658.0  # 2014-01-01, the day on which CASA's simobserve observes
TAI_MINUS_UTC_S = 35.0  # simobserve writes TAI seconds as if they were UTC
SIDEREAL_PER_SOLAR = 1.00273790935


def uvw_m(antennas: Antennas, *, ra_deg: float, dec_deg: float, mjd_utc: np.ndarray) -> np.ndarray:
    """Baselines (time, baseline, 3) in metres: u east, v north, w towards the source (J2000).

    The baseline is position(antenna1) - position(antenna2), antenna1 < antenna2, as in CASA.
    """
    first, second = antennas.baselines
    itrf = antennas.itrf_m
    baselines = itrf[first] - itrf[second]
    axes = np.stack([_axes_in_itrf(ra_deg, dec_deg, mjd) for mjd in mjd_utc])
    uvw: np.ndarray = np.einsum("tij,bj->tbi", axes, baselines)
    return uvw


def elevation_rad(*, ra_deg: float, dec_deg: float, mjd_utc: np.ndarray) -> np.ndarray:
    """(time,) elevation of a source at ALMA without refraction, radians."""
    lon, lat = ALMA_LONGITUDE_RAD, ALMA_LATITUDE_RAD
    up = np.array([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    towards = np.stack([_axes_in_itrf(ra_deg, dec_deg, mjd)[2] for mjd in mjd_utc])
    elevation: np.ndarray = np.arcsin(np.clip(towards @ up, -1.0, 1.0))
    return elevation


def transit_times(
    *, ra_deg: float, dec_deg: float, total_s: float, step_s: float, middle_s: float = 0.0
) -> np.ndarray:
    """Mid times (MJD, UTC) of the integrations of a track at ALMA.

    middle_s : from simobserve's transit to the middle of the track, seconds of time
    simobserve converts the hour angle at midnight to seconds without the sidereal factor, and takes
    TAI seconds as UTC. `seconds_to_hour_angle` gives the `middle_s` of a true hour angle.
    """
    transit_s = _simobserves_transit_s(ra_deg, dec_deg)
    steps = max(1, round(total_s / step_s))
    start_s = transit_s + middle_s - total_s / 2 + TAI_MINUS_UTC_S
    return REFERENCE_MJD + (start_s + step_s * (np.arange(steps) + 0.5)) / 86400.0


def seconds_to_hour_angle(*, ra_deg: float, dec_deg: float, hour_angle_s: float) -> float:
    """Seconds (UTC) from simobserve's transit to the time at which the source has this hour angle.

    hour_angle_s : apparent sidereal time at ALMA minus apparent right ascension, sidereal seconds
    """
    transit_mjd = REFERENCE_MJD + (
        (_simobserves_transit_s(ra_deg, dec_deg) + TAI_MINUS_UTC_S) / 86400.0
    )
    seconds = hour_angle_s / SIDEREAL_PER_SOLAR
    for _ in range(2):  # the first leaves the change of aberration and nutation, < 0.1 s
        reached = _hour_angle_rad(ra_deg, dec_deg, transit_mjd + seconds / 86400.0)
        remaining = np.deg2rad(hour_angle_s / 240.0) - reached
        remaining = (remaining + np.pi) % (2 * np.pi) - np.pi
        seconds += remaining * 86400.0 / (2 * np.pi) / SIDEREAL_PER_SOLAR
    return float(seconds)


def _simobserves_transit_s(ra_deg: float, dec_deg: float) -> float:
    """simobserve's transit, seconds after midnight of the reference day."""
    hour_angle = _hour_angle_rad(ra_deg, dec_deg, REFERENCE_MJD)
    return float((-hour_angle * 86400.0 / (2 * np.pi)) % 86400.0)


def _hour_angle_rad(ra_deg: float, dec_deg: float, mjd_utc: float) -> float:
    """Hour angle at ALMA, up to a multiple of 2 pi."""
    rotation, sidereal, velocity = _earth(mjd_utc)
    apparent = rotation @ _aberrated(_direction(ra_deg, dec_deg), velocity)
    return float(sidereal + ALMA_LONGITUDE_RAD - np.arctan2(apparent[1], apparent[0]))


def _earth(mjd_utc: float) -> tuple[np.ndarray, float, np.ndarray]:
    """J2000 -> true-of-date rotation, apparent sidereal time (rad), Earth velocity (c)."""
    tt1, tt2 = erfa.taitt(*erfa.utctai(MJD0, mjd_utc))
    rotation = erfa.pnm06a(tt1, tt2)
    sidereal = erfa.gst06(MJD0, mjd_utc, tt1, tt2, rotation)
    _, barycentric = erfa.epv00(tt1, tt2)
    return rotation, float(sidereal), barycentric["v"] / LIGHT_AU_PER_DAY


def _axes_in_itrf(ra_deg: float, dec_deg: float, mjd_utc: float) -> np.ndarray:
    """Rows u, v, w as ITRF unit vectors at one time."""
    rotation, sidereal, velocity = _earth(mjd_utc)
    ra, dec = np.deg2rad([ra_deg, dec_deg])
    w = _direction(ra_deg, dec_deg)
    u = np.array([-np.sin(ra), np.cos(ra), 0.0])
    v = np.cross(w, u) if abs(dec) < np.pi / 2 else np.array([-np.cos(ra), -np.sin(ra), 0.0])
    towards_apparent = _rotation_between(w, _aberrated(w, velocity))
    of_date = rotation @ towards_apparent @ np.stack([u, v, w], axis=1)
    in_itrf: np.ndarray = (erfa.rz(sidereal, np.eye(3)) @ of_date).T
    return in_itrf


def _direction(ra_deg: float, dec_deg: float) -> np.ndarray:
    towards: np.ndarray = erfa.s2c(np.deg2rad(ra_deg), np.deg2rad(dec_deg))
    return towards


def _aberrated(direction: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    moved = direction + velocity
    apparent: np.ndarray = moved / np.linalg.norm(moved)
    return apparent


def _rotation_between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation that takes unit vector `start` to `end`."""
    axis = np.cross(start, end)
    sine = np.linalg.norm(axis)
    if sine == 0.0:
        return np.eye(3)
    rotation: np.ndarray = erfa.rv2m(-axis / sine * np.arcsin(sine))
    return rotation
