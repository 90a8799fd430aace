"""What is derived from each seed: picklable callables for `store.build`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepfocus.ops.boxes import Box
from deepfocus.ops.normalise import AsinhNoise
from deepfocus.simulate.cube import Simulated, simulate
from deepfocus.simulate.settings import SetSettings
from deepfocus.train.blob_examples import blob_example
from deepfocus.train.source_examples import (
    empty_boxes,
    image_examples,
    jittered_places,
    spectra_examples,
)

Arrays = dict[str, np.ndarray]
BOX_DRAWS = 3


@dataclass(frozen=True)
class SkySettings:
    """A set, of which every `thermal_every`-th seed has thermal instead of its own noise."""

    base: SetSettings
    thermal_every: int = 0

    def of(self, seed: int) -> SetSettings:
        """The settings of one seed."""
        if self.thermal_every and seed % self.thermal_every == 0:
            return replace(self.base, noise=replace(self.base.noise, kind="thermal"))
        return self.base


@dataclass(frozen=True)
class BlobMaker:
    """Integrated image and target map."""

    sky: SkySettings

    def __call__(self, seed: int) -> Arrays:
        image, target = blob_example(self.sky.of(seed), seed, AsinhNoise())
        return {"images": image[None], "targets": target[None]}


@dataclass(frozen=True)
class TruthMaker:
    """Spectra and images cut around the truth, each with a random error of its own."""

    sky: SkySettings

    def __call__(self, seed: int) -> Arrays:
        made = simulate(self.sky.of(seed), seed)
        rng = np.random.default_rng([seed, 3])
        boxes = _boxes(made, rng)
        images = image_examples(made, jittered_places(made.truth, rng))
        return half_precision(spectra_examples(made, boxes) | images)


@dataclass(frozen=True)
class SpectraMaker:
    """Spectra alone, cut around the truth."""

    sky: SkySettings

    def __call__(self, seed: int) -> Arrays:
        made = simulate(self.sky.of(seed), seed)
        return half_precision(
            spectra_examples(made, _boxes(made, np.random.default_rng([seed, 3])))
        )


def _boxes(made: Simulated, rng: np.random.Generator) -> list[Box]:
    """Several boxes a source, each with its own error, and one where there is none."""
    boxes = [place.box for _ in range(BOX_DRAWS) for place in jittered_places(made.truth, rng)]
    return boxes + empty_boxes(made.truth, made, rng)


def half_precision(arrays: Arrays) -> Arrays:
    """Inputs and targets in half precision: they are normalised, and noise is far above it."""
    return {name: values.astype(np.float16) for name, values in arrays.items()}
