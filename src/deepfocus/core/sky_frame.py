"""Which astronomical frame the sky axes of an image are in, if that can be known."""

from __future__ import annotations

import numpy as np
from astropy.coordinates import BaseCoordinateFrame
from astropy.wcs import WCS
from astropy.wcs.utils import wcs_to_celestial_frame

ASTRONOMICAL = ("RA", "GLON")
"""Longitudes whose frame astropy tells. Ecliptic ones it takes for equatorial (astropy 8.0), and
solar or planetary ones are not places on the sky."""

EQUINOXES = (1800.0, 2200.0)


def sky_frame(sky: WCS) -> BaseCoordinateFrame | None:
    """The frame of equatorial or galactic axes; None for others.

    And where RADESYS is unknown, or the equinox no year in which anybody measured positions.

    sky : two-dimensional celestial WCS
    Source: Calabretta & Greisen 2002, A&A 395, 1077, section 3.1, for RADESYS and EQUINOX.
    """
    if sky.wcs.lngtyp.strip() not in ASTRONOMICAL:
        return None
    first, last = EQUINOXES
    if np.isfinite(sky.wcs.equinox) and not first <= sky.wcs.equinox <= last:
        return None
    try:
        return wcs_to_celestial_frame(sky)
    except (ValueError, TypeError):  # astropy knows no such RADESYS
        return None
