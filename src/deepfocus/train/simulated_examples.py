"""Examples derived from each seed of a set, by picklable callables for `shards.build`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.ops.boxes import Box
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.settings import SetSettings
from deepfocus.train.blob_examples import blob_example
from deepfocus.train.places import empty_boxes, jittered_places
from deepfocus.train.source_examples import half_precision, image_examples, spectra_examples

BOX_DRAWS = 3


@dataclass(frozen=True)
class SkySettings:
    """A set in which every `thermal_every`-th seed has thermal noise instead of the set's own."""

    base: SetSettings
    thermal_every: int = 0

    def of(self, seed: int) -> SetSettings:
        """The settings for one seed."""
        if self.thermal_every and seed % self.thermal_every == 0:
            return replace(self.base, noise=replace(self.base.noise, kind="thermal"))
        return self.base


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
        images = image_examples(made, jittered_places(made.truth, rng))
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
