"""The finder `decoras`: DECORAS (Rezaei et al. 2022, MNRAS 510, 5891) on cubes.

A convolutional autoencoder turns the dirty image, summed over the band, into one of the sky, and
differences of Gaussians find the blobs in it. So far it is the detection that Delli Veneri et al.
(2023, section 5.1) compare with. DECORAS measures its sources with a second autoencoder, for one
source in an image of no frequency; here each blob's line is sought in its spectrum and measured as
those of the other finders are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.source import Ellipse
from deepfocus.finders.decoras.candidate import Candidate
from deepfocus.finders.decoras.round_blobs import FindRoundBlobs, RoundBlob
from deepfocus.finders.decoras.table import panels_of, table_of, table_of_blobs
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.images.candidate import spectrum_at
from deepfocus.finders.images.line_of_island import strongest_line
from deepfocus.finders.line_measurement import beam_ellipse, measure_line
from deepfocus.finders.six_networks.blobs import FindBlobs
from deepfocus.finders.six_networks.domain import notes_on_image
from deepfocus.finders.six_networks.known_scale import at_known_scale
from deepfocus.ops.inputs import IntegratedImage
from deepfocus.ops.integrate import integrate
from deepfocus.ops.targets import ProbabilityMap
from deepfocus.weights.load import load_network
from deepfocus.weights.six import Trained

ROLE = "decoras"
LEAST_CHANNELS = 8
"""With fewer, it misses even a bright line of two channels."""


@dataclass(frozen=True)
class Decoras:
    """An autoencoder's image of the sky and the blobs in it.

    weights : folder of another network; None for the shipped one
    blobs : how blobs are found in the network's answer
    widths_chan : FWHM of the lines searched for in a blob's spectrum
    min_line_snr : a blob whose best line is fainter is rejected
    """

    kind: ClassVar[str] = "decoras"
    summary: ClassVar[str] = (
        "an autoencoder's image of the sky and the blobs in it; what DECORAS detects with"
    )

    weights: str | None = None
    blobs: FindRoundBlobs = field(default_factory=FindRoundBlobs)
    widths_chan: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    min_line_snr: float = 5.0

    def __post_init__(self) -> None:
        if not self.widths_chan:
            raise DeepFocusError(
                "no line widths",
                wanted="at least one width in widths_chan",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadyDecoras:
        """Load the network. Raises `DeepFocusError` if it is unusable."""
        folder = Path(self.weights) if self.weights else None
        return ReadyDecoras(load_network(folder, ROLE, IntegratedImage, ProbabilityMap), self)


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
        beam = beam_ellipse(cube)
        integrated = integrate(cube.array)
        sky = self.sky_of(integrated)
        blobs = self.settings.blobs(sky)
        candidates = [
            self.examined(cube, beam, number, blob) for number, blob in enumerate(blobs, 1)
        ]
        some_found = any(each.measured for each in candidates)
        domain = self.network.card.domain
        return Detection(
            catalogue=table_of(candidates, cube),
            snapshots={"blobs": table_of_blobs(blobs, cube.grid)},
            notes=notes_on_image(cube, domain, integrated, some_found=some_found),
            evidence=panels_of(integrated, sky, candidates),
        )

    def examined(self, cube: Cube, beam: Ellipse, number: int, blob: RoundBlob) -> Candidate:
        """A blob with its spectrum, its line, and the fit to it."""
        spectrum = spectrum_at(cube, beam, x=blob.x, y=blob.y)
        line = strongest_line(spectrum, self.settings.widths_chan)
        if line is None or line.snr < self.settings.min_line_snr:
            return Candidate(number, blob, spectrum, line, None)
        measured = measure_line(cube, beam, x=blob.x, y=blob.y, line=line.span)
        return Candidate(number, blob, spectrum, line, measured)

    def sky_of(self, integrated: np.ndarray) -> np.ndarray:
        """The network's answer (y, x) in [0, 1] to an integrated image; 0 where it has no data."""
        return FindBlobs(self.network).probability_map(integrated)
