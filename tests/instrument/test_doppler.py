"""Topocentric frequencies in the LSRK, against casacore's measures."""

from __future__ import annotations

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import FK4, SkyCoord

from deepfocus.instrument.doppler import SUN_M_S, topo_to_lsrk

ALMA_M = np.array([2225142.180269, -5440307.370349, -2481029.851874])
CASAS = {56657.905905754764: 1.0001069995252374, 58000.25: 1.0000069329647139,
         59500.7: 1.000035936471797}  # fmt: skip
"""LSRK over TOPO for (60, -35) deg J2000 at ALMA, from CASA 6.7 (measures)."""


def test_as_casa() -> None:
    """Within 1 m/s, 3e-9: a thousandth of the narrowest channel of ALMA at 100 GHz."""
    factors = topo_to_lsrk(np.array([*CASAS]), itrf_m=ALMA_M, ra_deg=60.0, dec_deg=-35.0)
    assert np.abs(factors - np.array([*CASAS.values()])).max() < 1e-9


def test_motion_of_the_sun() -> None:
    """20 km/s towards 18h, +30 deg of 1900; the apex, rounded to 7 digits, is off by under 1'."""
    apex = SkyCoord(18 * u.hourangle, 30 * u.deg, frame=FK4(equinox="B1900")).icrs
    assert np.linalg.norm(SUN_M_S) == pytest.approx(20e3, rel=1e-5)
    assert SUN_M_S / 20e3 @ apex.cartesian.xyz.value == pytest.approx(1.0, abs=4e-8)


def test_opposite_sources_move_oppositely() -> None:
    there = topo_to_lsrk(np.array([58000.0]), itrf_m=ALMA_M, ra_deg=60.0, dec_deg=-35.0)
    back = topo_to_lsrk(np.array([58000.0]), itrf_m=ALMA_M, ra_deg=240.0, dec_deg=35.0)
    assert there * back == pytest.approx(1.0, abs=1e-12)


def test_a_far_year_is_no_trouble() -> None:
    """Simulated data may carry any date; the factor stays within 1.7e-4 (50 km/s over c)."""
    factor = topo_to_lsrk(np.array([0.0, 80000.0]), itrf_m=ALMA_M, ra_deg=60.0, dec_deg=-35.0)
    assert np.abs(factor - 1).max() < 1.7e-4
