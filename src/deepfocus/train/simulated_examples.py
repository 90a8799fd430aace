"""Examples derived from each seed of a set, by picklable callables for `shards.build`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.ops.boxes import Box
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.faults.faults import Faults
from deepfocus.simulation.sets import MixedSet, shipped_set
from deepfocus.simulation.settings import SetSettings
from deepfocus.train.blob_examples import blob_example
from deepfocus.train.places import empty_boxes, jittered_places
from deepfocus.train.source_examples import (
    half_precision,
    image_examples,
    of_emission,
    spectra_examples,
)

BOX_DRAWS = 3
STREAM = 4
"""Of a seed's random numbers, after those of its simulation and of its examples."""


@dataclass(frozen=True)
class SkySettings:
    """A set of which some seeds have other noise, and others faults.

    thermal_every : one seed in this many has thermal noise instead of the set's own, 0 for none
    faulty_every : one in this many, by chance, has one of the faults that the shipped set `faults`
        has, whatever its noise; 0 for none
    """

    base: SetSettings
    thermal_every: int = 0
    faulty_every: int = 0

    def of(self, seed: int) -> SetSettings:
        """The settings for one seed."""
        settings = self.base
        if self.thermal_every and seed % self.thermal_every == 0:
            settings = replace(settings, noise=replace(settings.noise, kind="thermal"))
        chance = np.random.default_rng([seed, STREAM])
        if self.faulty_every and chance.integers(self.faulty_every) == 0:
            each = shipped_faults()
            settings = replace(settings, faults=each[chance.integers(len(each))])
        return settings


@cache
def shipped_faults() -> tuple[Faults, ...]:
    """The different faults of the shipped set `faults`."""
    kinds = shipped_set("faults")
    assert isinstance(kinds, MixedSet)
    return tuple(dict.fromkeys(each.faults for each in kinds.variants if each.faults != Faults()))


@dataclass(frozen=True)
class ImageOfSeed:
    """Integrated image and target map."""

    sky: SkySettings

    def __call__(self, seed: int) -> NamedArrays:
        image, target = blob_example(self.sky.of(seed), seed)
        return {"images": image[None], "targets": target[None]}


@dataclass(frozen=True)
class SourcesOfSeed:
    """Spectra and images cut around the true sources, each with its own random error."""

    sky: SkySettings

    def __call__(self, seed: int) -> NamedArrays:
        made = simulate(self.sky.of(seed), seed)
        rng = np.random.default_rng([seed, 3])
        boxes = _boxes(made, rng)
        images = of_emission(image_examples(made, jittered_places(made.truth, rng)))
        return half_precision(spectra_examples(made, boxes) | images)


@dataclass(frozen=True)
class SpectraOfSeed:
    """Only spectra, cut around the true sources."""

    sky: SkySettings

    def __call__(self, seed: int) -> NamedArrays:
        made = simulate(self.sky.of(seed), seed)
        boxes = _boxes(made, np.random.default_rng([seed, 3]))
        return half_precision(spectra_examples(made, boxes))


def _boxes(made: Simulated, rng: np.random.Generator) -> list[Box]:
    """Several boxes per source, each with its own error, and one without a source."""
    boxes = [place.box for _ in range(BOX_DRAWS) for place in jittered_places(made.truth, rng)]
    return boxes + empty_boxes(made.truth, made.cube.grid, rng)
