"""Training arrays of a Zarr set, cut around true sources, and functions that read them back.

Inputs and targets are the same as in the networks' own examples, but without the random shifts
that imitate a finder's errors: users add their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deepfocus.core.arrays import NamedArrays
from deepfocus.ops.integrate import integrate
from deepfocus.simulation.cube import Simulated
from deepfocus.simulation.stored_set import rows_of_store
from deepfocus.train.blob_examples import blob_input, blob_target
from deepfocus.train.places import true_place
from deepfocus.train.source_examples import (
    half_precision,
    image_examples,
    of_emission,
    spectra_examples,
)

IMAGES = ("spectra", "clean", "focused", "masked")
LABELS = ("major", "minor", "angle", "flux")


def derived_arrays(made: Simulated) -> tuple[NamedArrays, NamedArrays]:
    """Arrays of the cube, and arrays of its sources in the order of the truth.

    integrated : (y, x) float32, sum over channels, Jy/beam * chan
    blobs : (y, x) uint8, Blobs Finder's target map, 255 for probability 1
    spectra, clean : (source, chan) float16, standardised dirty spectrum of the source's box, and
        the unit-peak lines in it
    focused, masked : (source, 64, 64) float16, line image around the source with a central peak
        of 1; in masked, voxels outside the source are 0
    major, minor : (source, 1) float32, FWHM in units of 10 px; angle : (source, 2), elongation
        vector; flux : (source, 1), ln(line flux in Jy * chan through the primary beam / peak of
        masked), NaN for absorption
    """
    places = [true_place(made.truth, i) for i in range(len(made.truth))]
    of_sources = spectra_examples(made, [place.box for place in places])
    of_sources |= image_examples(made, places)
    of_cube = {"integrated": integrate(made.cube.array), "blobs": blob_target(made.sky)}
    images = half_precision({name: of_sources[name] for name in IMAGES})
    return of_cube, images | {name: of_sources[name].astype(np.float32) for name in LABELS}


def stored_images(path: Path, seeds: Sequence[int]) -> NamedArrays:
    """Blobs Finder's examples for `seeds`, read from a store."""
    store, rows = rows_of_store(path, seeds)
    images = [blob_input(store.array("integrated")[row]) for row in rows]
    return {
        "images": np.stack(images),
        "targets": np.stack([store.array("blobs")[r] for r in rows]),
    }


def stored_sources(path: Path, seeds: Sequence[int]) -> NamedArrays:
    """The other networks' examples; absorption, which has no flux target, is left out."""
    store, rows = rows_of_store(path, seeds)
    counts = {row: int(store.array("sources")[row]) for row in rows}
    arrays = {
        name: np.concatenate([store.array(name)[row, : counts[row]] for row in rows])
        for name in (*IMAGES, *LABELS)
    }
    return of_emission(arrays)
