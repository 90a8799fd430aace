"""The frequency of every channel, whatever the spectral axis measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from astropy import units as u
from astropy.constants import c
from astropy.wcs import WCS

from deepfocus.core.errors import DeepFocusError

NOMINAL_REST_HZ = 1e9
"""Rest frequency that stands for one that is not known; only its ratio to others counts."""

EDGES = np.array([-0.5, 0.5])
"""Of the first channel, in pixels."""

OF_RADIO = range(10**6, 10**14)
"""Frequencies, Hz, beyond which the unit of an axis is wrong."""
NARROWEST = 3e-11
"""Channel width over frequency, 1e-5 km/s over c, below which a step has another unit than its
axis."""

WIDTH_OF_ONE_HZ, WIDTH_OF_ONE = 1e3, (1.6e-8, 1.0)
"""Least width of a single channel, and widths over its frequency, from 0.005 km/s over c: others,
such as 1 Hz, fill a key that has to be there."""

OPTICAL_OR_RADIO: dict[str, Callable[[u.Quantity], list[Any]]] = {
    "VRAD": u.doppler_radio,
    "VOPT": u.doppler_optical,
    "VELO": u.doppler_relativistic,
}


@dataclass(frozen=True, eq=False)
class Channels:
    """freq_hz : (chan,) centres in the file's order; nominal, only_width_hz : as in `Grid`."""

    freq_hz: np.ndarray
    rest_hz: float | None
    nominal: bool = False
    only_width_hz: float | None = None


def channels_of(wcs: WCS, n: int, name: str, *, step_told: bool = True) -> Channels:
    """The channels of the spectral axis. A velocity axis without rest frequency is nominal.

    step_told : whether the header tells the axis's step, which is the width of a single channel

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
        channels = _nominal(axis, n, name)
        over_c = _world(axis, EDGES) / (1.0 if kind == "ZOPT" else c.si.value)
        return _with_width(channels, NOMINAL_REST_HZ * (1.0 - over_c), step_told)

    def frequencies(pixels: np.ndarray) -> np.ndarray:
        world = _world(axis, pixels)
        if kind == "FREQ":
            return world
        if kind in OPTICAL_OR_RADIO:
            relation = OPTICAL_OR_RADIO[kind](rest * u.Hz)
            in_hz: np.ndarray = u.Quantity(world, u.m / u.s).to_value(u.Hz, equivalencies=relation)
            return in_hz
        return c.si.value / world if kind == "WAVE" else rest / (1.0 + world)

    if kind not in ("FREQ", *OPTICAL_OR_RADIO, "WAVE", "ZOPT"):
        raise DeepFocusError(
            f"{name} has a spectral axis of type {ctype}",
            wanted="FREQ, VRAD, VOPT, VELO, FELO, WAVE or ZOPT",
            remedy="regrid the cube to frequency",
        )
    freq_hz = frequencies(np.arange(n, dtype=float))
    _check(freq_hz, name)
    low, high = freq_hz.min(), freq_hz.max()
    width = np.abs(np.diff(freq_hz)).max() if n > 1 else high
    if low < OF_RADIO.start or high > OF_RADIO.stop or width < NARROWEST * high:
        raise DeepFocusError(
            f"{name} has channels of {width:.4g} Hz at {low:.6g} to {high:.6g} Hz",
            wanted="frequencies of a radio telescope",
            remedy="check CRVAL, CDELT and CUNIT of the spectral axis",
        )
    channels = Channels(freq_hz, float(rest) if known else None)
    if n > 1 or ctype.endswith("-TAB"):
        return channels
    return _with_width(channels, frequencies(EDGES), step_told)


def _with_width(channels: Channels, edges_hz: np.ndarray, step_told: bool) -> Channels:
    """With the width of a single channel, from its edges, if it can be one."""
    if len(channels.freq_hz) > 1 or not step_told:
        return channels
    width, frequency = float(np.abs(np.diff(edges_hz))[0]), float(channels.freq_hz[0])
    low, high = (share * frequency for share in WIDTH_OF_ONE)
    least = low if channels.nominal else max(low, WIDTH_OF_ONE_HZ)
    return replace(channels, only_width_hz=width) if least <= width <= high else channels


def _world(axis: WCS, pixels: np.ndarray) -> np.ndarray:
    """(pixel,) values of a spectral axis at pixels counted from 0."""
    world: np.ndarray = axis.wcs_pix2world(pixels[:, None], 0)[:, 0]
    return world


def _nominal(axis: WCS, n: int, name: str) -> Channels:
    """Frequencies whose radio velocities are the values of an axis of velocity or redshift."""
    world = _world(axis, np.arange(n, dtype=float))
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
