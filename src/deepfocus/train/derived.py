"""Training arrays derived from a simulated cube for a store, cut around the truth.

The same cuts and normalisations as the networks' own examples (`source_examples`), without the
random shifts that imitate a finder's errors: whoever trains adds errors of their own.
"""

from __future__ import annotations

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.source import Source
from deepfocus.ops.boxes import Box
from deepfocus.ops.integrate import integrate
from deepfocus.simulate.cube import Simulated
from deepfocus.train.blob_examples import blob_target
from deepfocus.train.makers import half_precision
from deepfocus.train.source_examples import Place, image_examples, spectra_examples

Arrays = dict[str, np.ndarray]

IMAGES = ("spectra", "clean", "focused", "masked")
LABELS = ("major", "minor", "angle", "flux")


def derived_arrays(made: Simulated) -> tuple[Arrays, Arrays]:
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
    places = [_place(made.truth, i) for i in range(len(made.truth))]
    of_sources = spectra_examples(made, [place.box for place in places])
    with np.errstate(invalid="ignore"):  # the logarithm of a negative line flux
        of_sources |= image_examples(made, places)
    of_cube = {"integrated": integrate(made.cube.data), "blobs": blob_target(made.sky)}
    images = half_precision({name: of_sources[name] for name in IMAGES})
    return of_cube, images | {name: of_sources[name].astype(np.float32) for name in LABELS}


def _place(truth: Catalogue, i: int) -> Place:
    """The true place of row `i`."""
    columns = {
        **{name: name for name in ("x", "y", "fwhm_x_px", "fwhm_y_px", "pa", "channel")},
        "fwhm_chan": "line_fwhm_chan",
    }
    source = Source(**{name: float(truth[column][i]) for name, column in columns.items()})
    edges = {name: float(truth[f"box_{name}"][i]) for name in ("x0", "x1", "y0", "y1")}
    return Place(truth=i, box=Box(**edges), source=source)
