"""Topocentric frequencies converted to the kinematic local standard of rest (LSRK)."""

from __future__ import annotations

import warnings

import erfa
import numpy as np
from scipy.constants import c

MJD0 = 2400000.5
AU_PER_DAY_M_S = 149597870700.0 / 86400.0
EARTH_RAD_S = 7.292115e-5
SUN_M_S = 20e3 * np.array([0.0145021, -0.8658631, 0.5000707])
"""Velocity of the Sun in the LSRK, ICRS axes: 20 km/s towards 18h, +30 deg in 1900 (Gordon 1976),
precessed to J2000."""


def topo_to_lsrk(
    mjd_utc: np.ndarray, *, itrf_m: np.ndarray, ra_deg: float, dec_deg: float
) -> np.ndarray:
    """(time,) factor that converts topocentric frequencies to the LSRK.

    itrf_m : (3,) position of the telescope; ra_deg, dec_deg : position of the source, ICRS
    The factor is sqrt((1 - b) / (1 + b)), where b is the telescope's velocity towards the source
    over c. It adds the Earth's rotation, its orbit about the barycentre, and the Sun's motion.
    UT1 is taken equal to UTC.
    """
    source = erfa.s2c(np.deg2rad(ra_deg), np.deg2rad(dec_deg))
    turning = EARTH_RAD_S * np.array([-itrf_m[1], itrf_m[0], 0.0])
    towards = []
    with warnings.catch_warnings():
        # leap seconds and orbit are uncertain in distant years, but a minute changes b by only 1e-8
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        for mjd in np.atleast_1d(mjd_utc):
            tt1, tt2 = erfa.taitt(*erfa.utctai(MJD0, mjd))
            to_date = erfa.pnm06a(tt1, tt2)
            to_earth = erfa.rz(erfa.gst06(MJD0, mjd, tt1, tt2, to_date), to_date)
            orbit = erfa.epv00(tt1, tt2)[1]["v"] * AU_PER_DAY_M_S
            towards.append((to_earth.T @ turning + orbit + SUN_M_S) @ source / c)
    b = np.array(towards)
    factor: np.ndarray = np.sqrt((1 - b) / (1 + b))
    return factor
