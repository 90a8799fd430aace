"""Arrays that a Zarr set keeps for training, cut around the truth; and a training's way back.

The same inputs and targets as the networks' own examples, without the random shifts that imitate
a finder's errors: whoever trains adds errors of their own.
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
from deepfocus.train.source_examples import half_precision, image_examples, spectra_examples

IMAGES = ("spectra", "clean", "focused", "masked")
LABELS = ("major", "minor", "angle", "flux")


def derived_arrays(made: Simulated) -> tuple[NamedArrays, NamedArrays]:
    """Arrays of the cube, and of its sources in the order of the truth.

    integrated : (y, x) float32, sum over channels, Jy/beam * chan
    blobs : (y, x) uint8, what Blobs Finder should make of it, 255 for 1
    spectra, clean : (source, chan) float16, dirty spectrum of the source's box, standardised,
        and the unit-peak lines in it
    focused, masked : (source, 64, 64) float16, line image around the source, its central peak 1;
        masked: other voxels than the source's are 0
    major, minor : (source, 1) float32, FWHM in 10 px; angle : (source, 2), elongation vector;
        flux : (source, 1), ln(line flux in Jy * chan through the primary beam / peak of masked);
        NaN in absorption
    """
    places = [true_place(made.truth, i) for i in range(len(made.truth))]
    of_sources = spectra_examples(made, [place.box for place in places])
    of_sources |= image_examples(made, places)
    of_cube = {"integrated": integrate(made.cube.data), "blobs": blob_target(made.sky)}
    images = half_precision({name: of_sources[name] for name in IMAGES})
    return of_cube, images | {name: of_sources[name].astype(np.float32) for name in LABELS}


def stored_images(path: Path, seeds: Sequence[int]) -> NamedArrays:
    """Blobs Finder's examples among the rows of a store."""
    store, rows = rows_of_store(path, seeds)
    images = [blob_input(store.array("integrated")[row]) for row in rows]
    return {
        "images": np.stack(images),
        "targets": np.stack([store.array("blobs")[r] for r in rows]),
    }


def stored_sources(path: Path, seeds: Sequence[int]) -> NamedArrays:
    """The other networks' examples; sources in absorption, which have no flux, are left out."""
    store, rows = rows_of_store(path, seeds)
    counts = {row: int(store.array("sources")[row]) for row in rows}
    arrays = {
        name: np.concatenate([store.array(name)[row, : counts[row]] for row in rows])
        for name in (*IMAGES, *LABELS)
    }
    emit = np.isfinite(arrays["flux"][:, 0])
    return {name: values[emit] for name, values in arrays.items()}
