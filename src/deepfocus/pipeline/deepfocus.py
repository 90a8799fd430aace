"""The pipeline: a dirty cube in, a catalogue out, in the order of the paper's section 4.4."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.pipeline.blobs_finder import BlobsFinder
from deepfocus.pipeline.deep_gru import DeepGru
from deepfocus.pipeline.domain import notes_on
from deepfocus.pipeline.flux import Flux
from deepfocus.pipeline.focusing import Focusing
from deepfocus.pipeline.morphology import Morphology
from deepfocus.pipeline.neighbours import Neighbours
from deepfocus.pipeline.networks import Networks
from deepfocus.pipeline.orphans import Orphans
from deepfocus.pipeline.settings import PipelineSettings
from deepfocus.pipeline.world import with_world


@dataclass(frozen=True, eq=False)
class Detection:
    """The catalogue and the evidence behind it.

    catalogue : all candidates, the rejected with their flag and reason
    integrated, probability_map : (y, x), the integrated dirty cube and Blobs Finder's map
    spectra : dirty and clean spectrum (chan,) of each row's blob, by id
    focused : continuum-subtracted focused image (64, 64) of each accepted row, by id,
        Jy/beam * chan
    stages : the catalogue after 'blobs_finder', 'deep_gru' and 'focusing'
    notes : what lies outside the networks' training domain, in words
    """

    catalogue: Catalogue
    integrated: np.ndarray
    probability_map: np.ndarray
    spectra: Mapping[int, tuple[np.ndarray, np.ndarray]]
    focused: Mapping[int, np.ndarray]
    stages: Mapping[str, Catalogue]
    notes: list[str] = field(default_factory=list)


class DeepFocus:
    """The finder: configured once with networks and settings, then called with cubes."""

    def __init__(self, networks: Networks, settings: PipelineSettings | None = None) -> None:
        self.settings = settings = settings or PipelineSettings()
        self.find_blobs = BlobsFinder(networks.blobs_finder, settings.blobs_finder)
        self.find_lines = DeepGru(networks.deep_gru, settings.deep_gru)
        self.focus = Focusing(settings.focusing)
        self.compare = Neighbours(settings.neighbours, Orphans(settings.orphans))
        self.measure_shape = Morphology(
            networks.major, networks.minor, networks.angle, settings.morphology
        )
        self.measure_flux = Flux(networks.flux, settings.flux)

    def find(self, cube: Cube) -> Catalogue:
        """All candidates of a cube; the sources are `find(cube).accepted`."""
        return self.detect(cube).catalogue

    def detect(self, cube: Cube) -> Detection:
        """Section 4.4, with the evidence of each step.

        Raises `DeepFocusError` for a cube without any finite value.
        """
        _refuse_empty(cube)
        # 1-4: 2D source detection in the integrated dirty cube
        blobs, sky = self.find_blobs(cube)
        # 5-7: frequency denoising and line detection
        lines, spectra = self.find_lines(cube, blobs)
        # 8-9: spectral focusing, deblending, false positives
        focused = self.focus(cube, lines, integrated=sky.integrated, spectra=spectra)
        compared = self.compare(cube, focused, blobs=blobs, spectra=spectra)
        sources = self._cut_improbable(compared)
        # 10-11: morphology
        shaped, images = self.measure_shape(cube, sources, spectra=spectra)
        # 12-13: 3D model, line image, flux
        measured = self.measure_flux(cube, shaped, spectra=spectra)

        def finished(found: Catalogue) -> Catalogue:
            return with_world(found, cube.grid).with_reasons()

        return Detection(
            catalogue=finished(measured),
            integrated=sky.integrated,
            probability_map=sky.probability,
            spectra={
                int(row["id"]): (blob.dirty, blob.clean)
                for row in measured.table
                for blob in [spectra[int(row["parent_id"] or row["id"])]]
            },
            focused=images,
            stages={
                "blobs_finder": finished(blobs),
                "deep_gru": finished(lines),
                "focusing": finished(sources),
            },
            notes=notes_on(cube, measured, self.settings.domain, integrated=sky.integrated),
        )

    def _cut_improbable(self, candidates: Catalogue) -> Catalogue:
        flags = candidates["flag"]
        improbable = candidates["probability"] < self.settings.min_probability
        cut = improbable & (flags == Flag.ACCEPTED)  # what is rejected has its reason already
        return candidates.with_columns(flag=np.where(cut, Flag.LOW_PROBABILITY, flags))


def _refuse_empty(cube: Cube) -> None:
    # A few channels answer for most cubes; only an empty one is read to its end.
    for plane in cube.data:
        if np.isfinite(plane).any():
            return
    raise DeepFocusError(
        "the cube has no finite value",
        wanted="a cube with data",
        remedy="check the export, or the mask that was applied",
    )
