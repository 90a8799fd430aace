"""A cube of a set, made and searched once more, to show what each step of the six networks does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.errors import DeepFocusError
from deepfocus.evaluation.overlap import blendness
from deepfocus.evaluation.records import Records
from deepfocus.finders.finder import Detection, Finder
from deepfocus.finders.kinds import finder_from
from deepfocus.finders.slim.finder import Slim
from deepfocus.simulation.cube import Simulated, simulate
from deepfocus.simulation.sets import AnySet, set_from

KINDS = ("slim", "paper")
"""Finders whose steps the paper's figures show."""
BLOBS = "blobs_finder"
"""Their first snapshot."""
SHOWN = 4
"""Cubes beside each other, as in Figures 18 and 19."""


@dataclass(frozen=True, eq=False)
class Example:
    """One cube, its sky, and what the six networks make of it.

    label : of the finder; sky : (y, x) true sky summed over frequency, Jy/pixel x channels
    """

    key: str
    label: str
    sky: np.ndarray
    truth: Catalogue
    detection: Detection

    @property
    def blobs(self) -> Catalogue:
        """What Blobs Finder has."""
        return self.detection.snapshots[BLOBS]


def examples(records: Records) -> tuple[Example, ...]:
    """Up to `SHOWN` cubes of a simulated set, the one with most sources first, then in order.

    None of a set that the records do not say how to make, or whose cubes the finder refuses.
    """
    settings = _set_of(records)
    if settings is None:
        return ()
    label, finder = _finder_of(records)
    ready = finder.ready()
    made = []
    for key in _chosen(records.campaign.truths):
        simulated = simulate(settings, int(key))
        try:
            detection = ready.find(simulated.cube)
        except DeepFocusError:
            continue
        sky = summed_sky(simulated)
        made.append(Example(key, label, sky, records.campaign.truths[key], detection))
    return tuple(made)


def summed_sky(made: Simulated) -> np.ndarray:
    """(y, x) its sky summed over frequency, Jy/pixel x channels."""
    spectra, images = made.sky.spectra(), made.sky.images()
    summed: np.ndarray = np.tensordot(spectra.sum(axis=1), images, axes=1)
    return summed


def _set_of(records: Records) -> AnySet | None:
    scenes = records.scenes
    if "settings" not in scenes or "injection" in scenes:
        return None
    return set_from(scenes["settings"], source=f"the records of {records.name}")


def _finder_of(records: Records) -> tuple[str, Finder]:
    """The first finder of the records that has these steps; else `slim`."""
    for label, made_with in records.finders.items():
        table = made_with.get("finder", {})
        if table.get("kind") in KINDS:
            return label, finder_from(table, source=f"the records of {label}")
    return Slim.kind, Slim()


def _chosen(truths: Mapping[str, Catalogue]) -> list[str]:
    """The cube with most sources, of these the one with the most blended; then the first others."""
    if not truths:
        return []
    first = max(truths, key=lambda key: (len(truths[key]), blendness(truths[key]).max(initial=0)))
    return [first, *(key for key in truths if key != first)][:SHOWN]
