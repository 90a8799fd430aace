"""The uv coverage of an observation: tracks, pointings, cell and size, everything before its beams.

Several executions are samples of one uv plane. Each visibility has a weight from its own noise,
1 / sigma^2 by dish, integration and system temperature. Those of total power come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from astropy import units as u
from astropy.constants import c

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.dishes import DISHES as RECEIVING
from deepfocus.instrument.dishes import visibility_noise_jy
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.primary_beam import DISHES, BlockedAiry
from deepfocus.instrument.sampling import (
    ARCSEC_PER_RAD,
    cell_and_size,
    primary_beam_width_arcsec,
)
from deepfocus.instrument.total_power import Mapped, check_image
from deepfocus.instrument.tracks import elevation_rad, transit_times, uvw_m

C_M_S = c.to_value(u.m / u.s)
LOWEST_ELEVATION_DEG = 10.0
"""CASA's simulator flags data taken below it."""


@dataclass(frozen=True, eq=False)
class Executed:
    """One array's track.

    observation : of this execution alone
    uv_m : (time, baseline, 2) metres
    dish_m : diameter; tsys_ratio : system temperature over that of the first execution
    """

    observation: Observation
    uv_m: np.ndarray
    dish_m: float
    tsys_ratio: float

    @property
    def samples(self) -> int:
        """Number of its visibilities."""
        times, baselines, _ = self.uv_m.shape
        return int(times * baselines)

    def without(self, flagged: tuple[int, ...]) -> Executed:
        """The same without the baselines of antennas of these numbers."""
        kept = antennas(self.observation.configuration).without(flagged)
        return replace(self, uv_m=self.uv_m[:, kept])

    @property
    def noise_jy(self) -> float:
        """Noise of a visibility at mid band, where the first execution's Tsys is 1 K."""
        middle_hz = np.median(self.observation.freq_hz)
        noise = visibility_noise_jy(
            np.array(self.tsys_ratio),
            dish=RECEIVING[self.dish_m],
            freq_hz=middle_hz,
            width_hz=abs(self.observation.channel_width.to_value(u.Hz)),
            integration_s=self.observation.integration.to_value(u.s),
        )
        return float(noise)


@dataclass(frozen=True, eq=False)
class Coverage:
    """The uv coverage of one observation.

    observation : with cell and size, chosen if they were not given
    executions : in the order of its samples
    offsets_arcsec : (pointing, 2) east and north of the phase centre
    mapped : visibilities of total power, seen through the widest primary beam of the arrays
    """

    observation: Observation
    executions: tuple[Executed, ...]
    offsets_arcsec: np.ndarray
    mapped: Mapped | None = None

    def without(self, flagged: Sequence[tuple[int, ...]]) -> Coverage:
        """The same without antennas of these numbers, of each execution; total power stays."""
        left = zip(self.executions, flagged, strict=True)
        return replace(self, executions=tuple(each.without(numbers) for each, numbers in left))

    @cached_property
    def uv_m(self) -> np.ndarray:
        """(row, 2) u and v of every execution, integration and baseline, metres."""
        arrays = [each.uv_m.reshape(-1, 2) for each in self.executions]
        return np.concatenate(arrays if self.mapped is None else [*arrays, self.mapped.uv_m])

    @property
    def response(self) -> BlockedAiry:
        """Primary beam of its dishes; of the larger ones, if there are two kinds."""
        return DISHES[max(each.dish_m for each in self.executions)]

    @cached_property
    def visibility_weights(self) -> np.ndarray | None:
        """(row,) weight of each sample from its own noise, 1 of the best; None if all are 1."""
        return _visibility_weights(self.executions, self.mapped)

    @cached_property
    def fields(self) -> tuple[tuple[BlockedAiry, np.ndarray, np.ndarray], ...]:
        """Of each kind of dish at each pointing: its primary beam, its offset (2,), its rows."""
        pointings = len(self.offsets_arcsec)
        pointing = np.concatenate([_pointing_of(each, pointings) for each in self.executions])
        dish = np.concatenate([np.full(each.samples, each.dish_m) for each in self.executions])
        if self.mapped is not None:
            rows = len(self.mapped.uv_m)
            pointing = np.append(pointing, np.zeros(rows, int))
            dish = np.append(dish, np.full(rows, dish.min()))
        return tuple(
            (DISHES[float(metres)], offset, np.flatnonzero((dish == metres) & (pointing == number)))
            for metres in np.unique(dish)[::-1]
            for number, offset in enumerate(self.offsets_arcsec)
        )


@lru_cache(maxsize=16)
def coverage(observation: Observation) -> Coverage:
    """The uv samples, cell and size of an observation: everything before its beams.

    Raises `DeepFocusError` if the cell is too coarse for the configuration, the source is too
    low, an array mixes dishes, a track is too short to see each pointing of a mosaic, a map of
    total power is narrower than the field, or the image too wide for it.
    """
    executions = tuple(_executed(each, tsys_ratio) for each, tsys_ratio in observation.executions())
    offsets = np.zeros((1, 2))
    if observation.mosaic is not None:
        largest_m = max(each.dish_m for each in executions)
        wavelength_m = C_M_S / float(np.median(observation.freq_hz))
        offsets = observation.mosaic.offsets_arcsec(wavelength_m / largest_m * ARCSEC_PER_RAD)
    fewest = min(len(each.uv_m) for each in executions)
    if fewest < len(offsets):
        raise DeepFocusError(
            f"{len(offsets)} pointings in a track of {fewest} integrations",
            wanted="at least one integration of each pointing",
            remedy="lengthen the track, shorten integration, or make a smaller mosaic",
        )
    covered = Coverage(observation, executions, offsets)
    if observation.total_power is not None:
        covered = replace(covered, mapped=_mapped(covered))
    return replace(covered, observation=_with_cell_and_size(covered))


def _executed(observation: Observation, tsys_ratio: float) -> Executed:
    """The track of one execution."""
    array = antennas(observation.configuration)
    diameters = set(np.unique(array.diameter_m))
    if len(diameters) != 1 or not diameters <= set(DISHES):
        raise DeepFocusError(
            f"dishes of {sorted(map(float, diameters))} m in {array.name}",
            wanted="an array of 12 m or of 7 m dishes",
            remedy="make each kind of dish an execution of its own",
        )
    ra_deg, dec_deg = observation.ra.to_value(u.deg), observation.dec.to_value(u.deg)
    times = track_times(observation)
    _check_elevation(observation, times)
    uv = uvw_m(array, ra_deg=ra_deg, dec_deg=dec_deg, mjd_utc=times)[..., :2]
    return Executed(observation, uv, dish_m=float(diameters.pop()), tsys_ratio=tsys_ratio)


def _mapped(covered: Coverage) -> Mapped:
    """What total power adds to the arrays."""
    observation, first = covered.observation, covered.executions[0]
    assert observation.total_power is not None
    start_s, end_s = observation.track_s
    return Mapped.of(
        observation.total_power.given(
            track_s=end_s - start_s,
            dish_m=first.dish_m,
            field_arcsec=_field_arcsec(covered),
            hz=float(np.median(observation.freq_hz)),
        )
    )


def _visibility_weights(
    executions: tuple[Executed, ...], mapped: Mapped | None
) -> np.ndarray | None:
    noise = np.array([each.noise_jy for each in executions])
    weights = (noise.min() / noise) ** 2
    if np.all(weights == 1) and mapped is None:
        return None
    of_arrays = np.repeat(weights, [each.samples for each in executions])
    if mapped is None:
        return of_arrays
    observation = executions[0].observation
    of_map = mapped.noise_jy(
        np.array(1.0),  # as that of the arrays
        freq_hz=np.median(observation.freq_hz),
        width_hz=abs(observation.channel_width.to_value(u.Hz)),
    )
    return np.append(of_arrays, (noise.min() / of_map * mapped.response) ** 2)


def _pointing_of(execution: Executed, pointings: int) -> np.ndarray:
    """(row,) number of the pointing of each sample: one after the other, again and again."""
    times, baselines, _ = execution.uv_m.shape
    return np.repeat(np.arange(times) % pointings, baselines)


def track_times(observation: Observation) -> np.ndarray:
    """(time,) mid times of the observation's integrations, MJD in UTC."""
    start_s, end_s = observation.track_s
    return transit_times(
        ra_deg=observation.ra.to_value(u.deg),
        dec_deg=observation.dec.to_value(u.deg),
        total_s=end_s - start_s,
        step_s=observation.integration.to_value(u.s),
        middle_s=(start_s + end_s) / 2,
    )


def _check_elevation(observation: Observation, times: np.ndarray) -> None:
    """Raises `DeepFocusError` if the track goes below the lowest elevation."""
    lowest = np.rad2deg(
        elevation_rad(
            ra_deg=observation.ra.to_value(u.deg),
            dec_deg=observation.dec.to_value(u.deg),
            mjd_utc=times,
        ).min()
    )
    if lowest < LOWEST_ELEVATION_DEG:
        where = "below the horizon" if lowest < 0 else f"at an elevation of {lowest:.1f} deg"
        raise DeepFocusError(
            f"a source at declination {observation.dec:g} is {where} during the track",
            wanted=f"at least {LOWEST_ELEVATION_DEG:g} deg throughout",
            remedy="shorten the track, bring it closer to transit, or change the declination",
        )


def _with_cell_and_size(covered: Coverage) -> Observation:
    """The observation with cell and size, chosen if not given, and with its cell checked."""
    observation = covered.observation
    middle_hz = float(np.median(observation.freq_hz))
    given = observation.cell
    cell, size, _ = cell_and_size(
        covered.uv_m * middle_hz / C_M_S,
        covered_arcsec=_field_arcsec(covered),
        cell_arcsec=None if given is None else given.to_value(u.arcsec),
        size=observation.size,
        weighting=observation.weighting_scheme,
        visibility_weights=covered.visibility_weights,
    )
    if covered.mapped is not None:
        check_image(size, cell, highest_hz=float(observation.freq_hz.max()))
    return replace(observation, cell=cell * u.arcsec if given is None else given, size=size)


def _field_arcsec(covered: Coverage) -> float:
    """Width that the image should cover."""
    lowest_hz = float(covered.observation.freq_hz.min())
    farthest = float(np.abs(covered.offsets_arcsec).max())
    return primary_beam_width_arcsec(covered.response, lowest_hz) + 2 * farthest
