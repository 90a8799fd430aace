"""The frequency of every channel, whatever the spectral axis measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import units as u
from astropy.constants import c
from astropy.wcs import WCS

from deepfocus.core.errors import DeepFocusError

NOMINAL_REST_HZ = 1e9
"""Rest frequency that stands for one that is not known; only its ratio to others counts."""

OF_RADIO = range(10**6, 10**14)
"""Frequencies, Hz, beyond which the unit of an axis is wrong."""
NARROWEST = 3e-11
"""Channel width over frequency, 1e-5 km/s over c, below which a step has another unit than its
axis."""

OPTICAL_OR_RADIO: dict[str, Callable[[u.Quantity], list[Any]]] = {
    "VRAD": u.doppler_radio,
    "VOPT": u.doppler_optical,
    "VELO": u.doppler_relativistic,
}


@dataclass(frozen=True, eq=False)
class Channels:
    """freq_hz : (chan,) centres in the file's order; nominal : as in `Grid`."""

    freq_hz: np.ndarray
    rest_hz: float | None
    nominal: bool = False


def channels_of(wcs: WCS, n: int, name: str) -> Channels:
    """The channels of the spectral axis. A velocity axis without rest frequency is nominal.

    Raises `DeepFocusError` for an axis of another kind, or frequencies that no telescope observes.
    """
    axis = wcs.sub([wcs.wcs.spec + 1])
    kind, ctype = axis.wcs.ctype[0][:4], axis.wcs.ctype[0].strip()
    rest = axis.wcs.restfrq or (c.si.value / axis.wcs.restwav if axis.wcs.restwav else 0.0)
    known = bool(np.isfinite(rest) and rest > 0)
    if kind in (*OPTICAL_OR_RADIO, "ZOPT") and not known:
        if ctype not in (*OPTICAL_OR_RADIO, "ZOPT"):
            raise DeepFocusError(
                f"{name} has a velocity axis that is regular in frequency ({ctype}), but no rest "
                "frequency",
                wanted="the header key RESTFRQ",
                remedy="add RESTFRQ in Hz to the header, or give --rest-frequency",
            )
        return _nominal(axis, n, name)
    world = axis.wcs_pix2world(np.arange(n, dtype=float)[:, None], 0)[:, 0]
    if kind == "FREQ":
        freq_hz = world
    elif kind in OPTICAL_OR_RADIO:
        relation = OPTICAL_OR_RADIO[kind](rest * u.Hz)
        freq_hz = u.Quantity(world, u.m / u.s).to_value(u.Hz, equivalencies=relation)
    elif kind == "WAVE":
        freq_hz = c.si.value / world
    elif kind == "ZOPT":
        freq_hz = rest / (1.0 + world)
    else:
        raise DeepFocusError(
            f"{name} has a spectral axis of type {ctype}",
            wanted="FREQ, VRAD, VOPT, VELO, FELO, WAVE or ZOPT",
            remedy="regrid the cube to frequency",
        )
    _check(freq_hz, name)
    low, high = freq_hz.min(), freq_hz.max()
    width = np.abs(np.diff(freq_hz)).max() if n > 1 else high
    if low < OF_RADIO.start or high > OF_RADIO.stop or width < NARROWEST * high:
        raise DeepFocusError(
            f"{name} has channels of {width:.4g} Hz at {low:.6g} to {high:.6g} Hz",
            wanted="frequencies of a radio telescope",
            remedy="check CRVAL, CDELT and CUNIT of the spectral axis",
        )
    return Channels(freq_hz, float(rest) if known else None)


def _nominal(axis: WCS, n: int, name: str) -> Channels:
    """Frequencies whose radio velocities are the values of an axis of velocity or redshift."""
    world = axis.wcs_pix2world(np.arange(n, dtype=float)[:, None], 0)[:, 0]
    over_c = world if axis.wcs.ctype[0].startswith("ZOPT") else world / c.si.value
    if np.abs(over_c).max() >= 1:
        raise DeepFocusError(
            f"{name} has a velocity axis beyond the speed of light but no rest frequency",
            wanted="the header key RESTFRQ",
            remedy="add RESTFRQ in Hz to the header, or give --rest-frequency",
        )
    freq_hz = NOMINAL_REST_HZ * (1.0 - over_c)
    _check(freq_hz, name)
    return Channels(freq_hz, NOMINAL_REST_HZ, nominal=True)


def _check(freq_hz: np.ndarray, name: str) -> None:
    if not np.all(np.isfinite(freq_hz)) or np.any(freq_hz <= 0):
        raise DeepFocusError(
            f"{name} has channels at frequencies that are not positive",
            wanted="a spectral axis in Hz or m/s",
            remedy="check CRVAL, CDELT and CUNIT of the spectral axis",
        )
    step = np.diff(freq_hz)
    if len(step) and not (np.all(step > 0) or np.all(step < 0)):
        raise DeepFocusError(
            f"{name} has a spectral axis that is not monotonic",
            wanted="frequencies that only rise or only fall",
            remedy="check CDELT of the spectral axis",
        )
