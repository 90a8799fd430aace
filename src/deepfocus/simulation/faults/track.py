"""Which antennas each visibility of a track is from, and when it was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from astropy import units as u

from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import track_times
from deepfocus.instrument.observation import Observation


@dataclass(frozen=True, eq=False)
class Track:
    """The antennas of an observation on the ground, and its integrations.

    ground_m : (antenna, 2) east and north; time_s : (time,) since the first integration
    first, second : (baseline,) antennas of each, in the order of the telescope's uv samples
    """

    ground_m: np.ndarray
    time_s: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def samples(self) -> int:
        """Number of its visibilities."""
        return len(self.time_s) * len(self.first)

    def of_samples(self, gains: np.ndarray) -> np.ndarray:
        """(row,) what gains (antenna, time) make of a visibility: g_i g_j*."""
        products: np.ndarray = (gains[self.first] * gains[self.second].conj()).T.reshape(-1)
        return products


def track_of(observation: Observation, *, without: tuple[int, ...] = ()) -> Track:
    """The track of one execution; `without` : numbers of antennas whose data are flagged."""
    array = antennas(observation.configuration)
    first, second = array.baselines
    kept = array.without(without)
    return Track(
        ground_m=array.enu_m[:, :2],
        time_s=float(observation.integration.to_value(u.s))
        * np.arange(len(track_times(observation))),
        first=first[kept],
        second=second[kept],
    )


def tracks_of(
    observation: Observation, without: Sequence[tuple[int, ...]] | None = None
) -> tuple[Track, ...]:
    """The track of each execution, in the order of the telescope's uv samples.

    without : of each, numbers of antennas whose data are flagged; none unless given
    """
    executions = [each for each, _ in observation.executions()]
    flagged = without or [()] * len(executions)
    return tuple(
        track_of(each, without=numbers) for each, numbers in zip(executions, flagged, strict=True)
    )


def shares_of(tracks: Sequence[Track], weights: np.ndarray) -> list[float]:
    """Share of each track in the weights (row,); what is missing to 1 is total power."""
    parts = np.split(weights, np.cumsum([track.samples for track in tracks]))[: len(tracks)]
    total = weights.sum()
    return [float(part.sum() / total) for part in parts]
