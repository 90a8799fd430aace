"""Flagged data: antennas that are missing, and channels without data or with fewer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from deepfocus.core.errors import DeepFocusError
from deepfocus.core.kept import kept
from deepfocus.instrument.antennas import antennas
from deepfocus.instrument.coverage import Coverage, coverage
from deepfocus.instrument.observation import Observation
from deepfocus.instrument.telescope import Telescope, telescope_covering, telescope_of
from deepfocus.simulation.scene import Scene


@dataclass(frozen=True)
class FlaggedAntennas:
    """Antennas without data, the same in all cubes of a set: beams and noise are those of the rest.

    numbers : of the antennas in the order of the configuration's file, from 0
    more : of those of each further execution, in their order; none unless given
    The cell, the size and the uv cells of the weights stay those of the whole array. Total power
    is another instrument's, and stays.
    """

    numbers: tuple[int, ...] = (0, 10, 20, 30)
    more: tuple[tuple[int, ...], ...] | None = None

    def of_executions(self, observation: Observation) -> tuple[tuple[int, ...], ...]:
        """Numbers of the flagged antennas of each execution.

        Raises `DeepFocusError` for an antenna or an execution that is not there, or if fewer than
        two antennas are left.
        """
        executions = [each for each, _ in observation.executions()]
        more, further = self.more or (), len(executions) - 1
        if len(more) > further:
            raise DeepFocusError(
                f"flagged antennas of {len(more)} further executions",
                wanted=f"those of {further}, as many as [[observation.more_executions]] has",
                remedy="correct more in [faults.flagged_antennas]",
            )
        flagged = (self.numbers, *more, *[()] * (further - len(more)))
        return tuple(
            _checked(numbers, each.configuration)
            for numbers, each in zip(flagged, executions, strict=True)
        )

    def coverage(self, observation: Observation) -> Coverage:
        """The uv coverage of an observation without them."""
        return _coverage_without(observation, self.of_executions(observation))

    def telescope(self, observation: Observation) -> Telescope:
        """The telescope of an observation without them."""
        return _telescope_without(observation, self.of_executions(observation))


def _checked(numbers: tuple[int, ...], configuration: str) -> tuple[int, ...]:
    """In order and once each. Raises `DeepFocusError` as `of_executions` does."""
    array, flagged = len(antennas(configuration)), set(numbers)
    if not all(0 <= number < array for number in flagged) or array - len(flagged) < 2:
        raise DeepFocusError(
            f"flagged antennas {list(numbers)} of {configuration}",
            wanted=f"numbers from 0 to {array - 1}, and at least two antennas left",
            remedy="correct numbers, or more, in [faults.flagged_antennas]",
        )
    return tuple(sorted(flagged))


@lru_cache(maxsize=16)
def _coverage_without(observation: Observation, flagged: tuple[tuple[int, ...], ...]) -> Coverage:
    return coverage(observation).without(flagged)


@kept(lambda observation, flagged: coverage(observation).observation.size or 0)
def _telescope_without(observation: Observation, flagged: tuple[tuple[int, ...], ...]) -> Telescope:
    grid = telescope_of(observation).grid
    return telescope_covering(_coverage_without(observation, flagged), grid)


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
