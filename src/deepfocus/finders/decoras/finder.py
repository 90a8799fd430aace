"""The finder `decoras`: DECORAS (Rezaei et al. 2022, MNRAS 510, 5891) on cubes.

A convolutional autoencoder turns the dirty image, summed over the band, into one of the sky, and
differences of Gaussians find the blobs in it. So far it is the detection that Delli Veneri et al.
(2023, section 5.1) compare with. DECORAS measures its sources with a second autoencoder, for one
source in an image of no frequency; here each blob's line is sought in its spectrum and measured as
those of the other finders of images are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.source import Ellipse
from deepfocus.finders.decoras.round_blobs import FindRoundBlobs
from deepfocus.finders.evidence import ImagePanel
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.images.candidate import LineSearch
from deepfocus.finders.images.finder import LEAST_CHANNELS, find_in_images
from deepfocus.finders.images.maps import WholeBand
from deepfocus.finders.images.sighting import Sighting
from deepfocus.finders.six_networks.blobs import FindBlobs
from deepfocus.finders.six_networks.domain import notes_on_image
from deepfocus.finders.six_networks.known_scale import at_known_scale
from deepfocus.ops.inputs import IntegratedImage
from deepfocus.ops.integrate import integrate
from deepfocus.ops.targets import ProbabilityMap
from deepfocus.weights.load import load_network
from deepfocus.weights.six import Trained

ROLE = "decoras"


@dataclass(frozen=True)
class Decoras:
    """An autoencoder's image of the sky and the blobs in it.

    weights : folder of another network; None for the shipped one
    blobs : how blobs are found in the network's answer
    line : how the line of a blob is looked for
    """

    kind: ClassVar[str] = "decoras"
    summary: ClassVar[str] = (
        "an autoencoder's image of the sky and the blobs in it; what DECORAS detects with"
    )

    weights: str | None = None
    blobs: FindRoundBlobs = field(default_factory=FindRoundBlobs)
    line: LineSearch = field(default_factory=LineSearch)

    def ready(self) -> ReadyDecoras:
        """Load the network. Raises `DeepFocusError` if it is unusable."""
        folder = Path(self.weights) if self.weights else None
        return ReadyDecoras(load_network(folder, ROLE, IntegratedImage, ProbabilityMap), self)


@dataclass(frozen=True, eq=False)
class BlobsOfSky:
    """The blobs of the network's image (y, x) of the sky, whatever image they are asked of."""

    sky: np.ndarray
    find: FindRoundBlobs

    def sightings(self, image: np.ndarray, beam: Ellipse) -> list[Sighting]:
        """The highest first; a blob's place is a pixel, and the fit to its line a better one."""
        return [
            Sighting(blob.x, blob.y, snr=blob.height, box=blob.box, probability=blob.height)
            for blob in self.find(self.sky)
        ]


@dataclass(frozen=True, eq=False)
class ReadyDecoras:
    """`Decoras` with its network."""

    network: Trained[IntegratedImage, ProbabilityMap]
    settings: Decoras = field(default_factory=Decoras)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The hash of the weights."""
        return {"weights": {ROLE: self.network.card.sha256}}

    def find(self, cube: Cube) -> Detection:
        """Search at the scale that the network knows.

        Raises `DeepFocusError` for a cube without any finite value, with too few channels, or
        without a beam.
        """
        cube = cube.loaded()
        refuse_empty(cube)
        refuse_few_channels(cube, LEAST_CHANNELS, ROLE)
        return at_known_scale(cube, self.network.card.domain, self.find_as_it_is)

    def find_as_it_is(self, cube: Cube) -> Detection:
        """Integrate, deconvolve, find blobs, look for their lines, measure."""
        integrated = integrate(cube.array)
        sky = FindBlobs(self.network).probability_map(integrated)
        detection = find_in_images(
            cube,
            kind=ROLE,
            finder=BlobsOfSky(sky, self.settings.blobs),
            maps=WholeBand(),
            line=self.settings.line,
        )
        some_found = len(detection.catalogue.accepted) > 0
        known = self.network.card.domain
        dirty, *others = detection.evidence
        answer = ImagePanel("The sky as the autoencoder sees it", sky, "peak of a source")
        return replace(
            detection,
            notes=notes_on_image(cube, known, integrated, some_found=some_found),
            evidence=(dirty, answer, *others),
        )
