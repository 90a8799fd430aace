"""Settings of a simulated set: observation, population, noise and seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from astropy import units as u

from deepfocus.core.errors import DeepFocusError
from deepfocus.instrument.noise import Thermal, White
from deepfocus.instrument.observation import Observation
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.view import Cleaned, Dirty, Imaging
from deepfocus.sky.kinds import Population
from deepfocus.sky.population import PaperPopulation

SEEDS_END = 2**63
"""Seeds are stored as signed 64-bit integers."""
NOISES: Mapping[str, White | Thermal] = {"white": White(), "thermal": Thermal()}


@dataclass(frozen=True)
class Noise:
    """Noise of a simulated cube.

    kind : 'thermal' (visibility noise) or 'white'
    target_snr : range of the central source's peak SNR per channel, drawn log-uniformly:
        the brightest voxel of its own noise-free dirty emission over the noise standard
        deviation; 10 to 100 if neither target_snr nor pwv is given
    pwv : instead of target_snr, precipitable water vapour ("0.8 mm"): gives the array's noise in
        physical units, from system temperature and radiometer equation
    """

    kind: str = "thermal"
    target_snr: tuple[float, float] | None = None
    pwv: u.Quantity | None = None

    def __post_init__(self) -> None:
        if self.target_snr is not None and self.pwv is not None:
            raise DeepFocusError(
                "both target_snr and pwv are given",
                wanted="one of them",
                remedy="leave target_snr out for noise in physical units, pwv for a chosen SNR",
            )
        if self.target_snr is None and self.pwv is None:
            object.__setattr__(self, "target_snr", (10.0, 100.0))
        low, high = self.target_snr or (1.0, 1.0)
        if self.kind not in NOISES or not 0 < low <= high:
            raise DeepFocusError(
                f"noise '{self.kind}' at target SNR {low:g} to {high:g}",
                wanted=f"kind of {', '.join(NOISES)} and 0 < low <= high",
                remedy="correct the [noise] settings",
            )
        length = self.pwv is None or (self.pwv.isscalar and self.pwv.unit.is_equivalent(u.mm))
        if not length or (self.pwv is not None and self.pwv < 0 * u.mm):
            raise DeepFocusError(
                f"pwv = {self.pwv}", wanted="a length of 0 or more", remedy="write it as '0.8 mm'"
            )

    @property
    def model(self) -> White | Thermal:
        return NOISES[self.kind]


@dataclass(frozen=True)
class Seeds:
    """First seed and number of cubes of each split; the splits must not overlap."""

    train: tuple[int, int] = (1_000_000, 3000)
    validation: tuple[int, int] = (2_000_000, 1000)
    test: tuple[int, int] = (3_000_000, 1000)

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            first, number = getattr(self, name)
            if first < 0 or number < 0 or first + number > SEEDS_END:
                raise DeepFocusError(
                    f"{name} = [{first}, {number}]",
                    wanted=f"a first seed and a number of cubes from 0, below {SEEDS_END}",
                    remedy="correct it in [split]",
                )
        spans = sorted((first, first + n) for first, n in (self.train, self.validation, self.test))
        for (_, end), (start, _) in itertools.pairwise(spans):
            if start < end:
                raise DeepFocusError(
                    "seeds of train, validation and test overlap",
                    wanted="separate ranges",
                    remedy="move the first seed of one of them",
                )

    def of(self, split: str, number: int | None = None) -> range:
        """The first `number` seeds of 'train', 'validation' or 'test', or all of them."""
        first, available = getattr(self, split)
        count = available if number is None else number
        if count > available:
            raise DeepFocusError(
                f"{count} cubes of {split}",
                wanted=f"at most {available}",
                remedy="raise its number in [split]",
            )
        return range(first, first + count)


@dataclass(frozen=True)
class SetSettings:
    """Settings of one simulated set."""

    observation: Observation = field(default_factory=Observation)
    population: Population = field(default_factory=PaperPopulation)
    noise: Noise = field(default_factory=Noise)
    split: Seeds = field(default_factory=Seeds)
    imaging: Imaging = field(default_factory=Dirty)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        if self.fluxes_follow_noise and self.noise.pwv is None:
            raise DeepFocusError(
                "ideal_snr in [population], but noise that follows from a source's flux",
                wanted="noise in physical units, from which the fluxes follow",
                remedy="give pwv in [noise], such as '0.8 mm', in place of target_snr",
            )
        self._check_faults()
        for name, value in _numbers(self):
            if not np.all(np.isfinite(value)):
                raise DeepFocusError(
                    f"{name} = {value}", wanted="a finite number", remedy="correct it"
                )

    def _check_faults(self) -> None:
        """Raises `DeepFocusError` for faults that an observation cannot have."""
        if self.faults.flagged_antennas is not None:
            self.faults.flagged_antennas.of_executions(self.observation)
        if not self.observation.is_joint:
            return
        dishes = self.faults.gains is not None or self.faults.pointing is not None
        if dishes and isinstance(self.imaging, Cleaned):
            raise DeepFocusError(
                "gains or pointing in [faults], of several executions or pointings, or with total "
                f'power, and imaging of the kind "{Cleaned.kind}"',
                wanted="dirty cubes, or those that CLEAN has cleaned: what it leaves of many beams "
                "is known only then",
                remedy='give [imaging] kind = "dirty" or "clean"',
            )

    @property
    def fluxes_follow_noise(self) -> bool:
        """Whether sources are scaled to chosen signal-to-noise ratios."""
        return getattr(self.population, "ideal_snr", None) is not None

    @property
    def variants(self) -> tuple[SetSettings, ...]:
        """The set itself."""
        return (self,)

    def of(self, seed: int) -> SetSettings:
        """The settings of a seed's cube: these."""
        return self

    def seeds(self, split: str, number: int | None = None) -> range:
        """The first `number` seeds of 'train', 'validation' or 'test', or all of them."""
        return self.split.of(split, number)


def _numbers(settings: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Name and value of every numeric setting."""
    if is_dataclass(settings):
        for each in fields(settings):
            yield from _numbers(getattr(settings, each.name), f"{name}.{each.name}".strip("."))
    elif isinstance(settings, tuple):
        for value in settings:
            yield from _numbers(value, name)
    elif isinstance(settings, float | u.Quantity):
        yield name, settings
