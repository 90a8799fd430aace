"""Flagged data: antennas that are missing, and channels without data or with fewer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.kept import kept
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import coverage, track_times
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope, build_telescope, telescope_of
from deepfocus.simulation.faults.track import baselines_without
from deepfocus.simulation.scene import Scene


@dataclass(frozen=True)
class FlaggedAntennas:
    """Antennas without data, the same in all cubes of a set: beams and noise are those of the rest.

    numbers : of the antennas in the order of the configuration's file, from 0
    The cell, the size and the uv cells of the weights stay those of the whole array.
    """

    numbers: tuple[int, ...] = (0, 10, 20, 30)

    def telescope(self, observation: Observation) -> Telescope:
        """The telescope of an observation without them.

        Raises `DeepFocusError` for an antenna that is not there, or if fewer than two are left.
        """
        array = len(antennas(observation.configuration))
        flagged = set(self.numbers)
        if not all(0 <= number < array for number in flagged) or array - len(flagged) < 2:
            raise DeepFocusError(
                f"flagged antennas {list(self.numbers)}",
                wanted=f"numbers from 0 to {array - 1}, and at least two antennas left",
                remedy="correct numbers in [faults.flagged_antennas]",
            )
        return _telescope_without(observation, tuple(sorted(flagged)))


@kept(lambda observation, flagged: coverage(observation).observation.size or 0)
def _telescope_without(observation: Observation, flagged: tuple[int, ...]) -> Telescope:
    whole = telescope_of(observation)
    of_times = whole.uv_m.reshape(len(track_times(observation)), -1, 2)
    left = baselines_without(len(antennas(observation.configuration)), flagged)
    return build_telescope(
        whole.grid,
        uv_m=of_times[:, left].reshape(-1, 2),
        weighting=whole.weighting,
        response=coverage(observation).response,
    )


@dataclass(frozen=True)
class FlaggedChannels:
    """Channels some or all of whose data are flagged, others in each cube.

    number : of channels; share : of their data that is flagged. All: the channel is blank (NaN).
        Less: its noise is 1 / sqrt(1 - share) times as high; its beam stays
    """

    number: int = 6
    share: float = 1.0

    def __post_init__(self) -> None:
        if self.number < 0 or not 0 <= self.share <= 1:
            raise DeepFocusError(
                f"{self.number} channels with {self.share:g} of their data flagged",
                wanted="a number of 0 or more, and a share from 0 to 1",
                remedy="correct them in [faults.flagged_channels]",
            )

    def drawn(self, channels: int, rng: np.random.Generator) -> np.ndarray:
        """(chan,) which channels are flagged; at least two are not."""
        flagged = np.zeros(channels, bool)
        number = min(self.number, max(channels - 2, 0))
        flagged[rng.choice(channels, number, replace=False)] = True
        return flagged

    def blank(self, flagged: np.ndarray) -> np.ndarray:
        """(chan,) which of the flagged channels have no data at all."""
        return flagged if self.share == 1 else np.zeros_like(flagged)

    def of(self, scene: Scene, flagged: np.ndarray) -> Scene:
        """The scene with the noise of the data that are left; that of blank channels stays."""
        if self.share == 1:
            return scene
        factor = np.where(flagged, 1 / np.sqrt(1 - self.share), 1.0)
        return replace(scene, noise=scene.noise.in_channels(factor))
