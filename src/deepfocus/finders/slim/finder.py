"""The finder `slim`: a dirty cube in, a catalogue out, in the order of the paper's section 4.4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from deepfocus.core.cube import Cube
from deepfocus.core.errors import DeepFocusError
from deepfocus.core.flags import Flag
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.six_networks.blobs import BlobSettings, FindBlobs, SkyMap
from deepfocus.finders.six_networks.candidate import Candidate, Candidates
from deepfocus.finders.six_networks.domain import caveats_on, notes_on
from deepfocus.finders.six_networks.fluxes import MeasureFluxes
from deepfocus.finders.six_networks.known_scale import at_known_scale
from deepfocus.finders.six_networks.line_view import LineViews
from deepfocus.finders.six_networks.lines import FindBlobLines, candidates_of, matched_height
from deepfocus.finders.six_networks.shapes import MeasureShapes
from deepfocus.finders.six_networks.table import panels_of, table_of, table_of_blobs
from deepfocus.finders.slim.focusing import Focusing, FocusingSettings
from deepfocus.finders.slim.neighbours import Neighbours, NeighbourSettings
from deepfocus.finders.slim.orphans import LeaveAstray, ReturnHome
from deepfocus.ops.lines import FindLines
from deepfocus.weights.six import SixNetworks, load_six

CUT = "probability cut"

LEAST_CHANNELS = 8
"""With fewer, it misses even a bright line of two channels."""


@dataclass(frozen=True)
class Slim:
    """The paper's decision graph with small networks, and rules that compare blobs.

    weights : folder of other networks; None for the shipped ones
    crop_px : side of the images in which lines are examined, the paper's 64
    same_position_px : two peaks this close share one position, the paper's 3
    unknown_beam_px : FWHM of the smoothing before peaks are located, if the cube has no beam
    min_probability : candidates below this are rejected (0.1; 0 rejects none)
    min_fwhm_px : smallest size that is reported
    blobs_finder, deep_gru, focusing, neighbours, astray : settings of the steps
    """

    kind: ClassVar[str] = "slim"
    summary: ClassVar[str] = (
        "six small networks in the paper's decision graph; for cubes like the paper's"
    )

    weights: str | None = None
    crop_px: int = 64
    same_position_px: float = 3.0
    unknown_beam_px: float = 6.0
    min_probability: float = 0.1
    min_fwhm_px: float = 0.5
    blobs_finder: BlobSettings = field(default_factory=BlobSettings)
    deep_gru: FindLines = field(default_factory=FindLines)
    focusing: FocusingSettings = field(default_factory=FocusingSettings)
    neighbours: NeighbourSettings = field(default_factory=NeighbourSettings)
    astray: ReturnHome | LeaveAstray = field(default_factory=ReturnHome)

    def __post_init__(self) -> None:
        if not 8 <= self.crop_px <= 1024:
            raise DeepFocusError(
                f"crop_px is {self.crop_px}",
                wanted="8 to 1024 pixels",
                remedy="correct the finder's settings",
            )

    def ready(self) -> ReadySlim:
        """Load the networks. Raises `DeepFocusError` if they are unusable."""
        return ReadySlim(load_six(Path(self.weights) if self.weights else None), self)


@dataclass(frozen=True, eq=False)
class ReadySlim:
    """`Slim` with its networks."""

    networks: SixNetworks
    settings: Slim = field(default_factory=Slim)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """The hashes of the weights."""
        return {"weights": self.networks.hashes}

    def find(self, cube: Cube) -> Detection:
        """Search at the scale that the networks know.

        Raises `DeepFocusError` for a cube without any finite value.
        """
        cube = cube.loaded()
        refuse_empty(cube)
        refuse_few_channels(cube, LEAST_CHANNELS, "slim")
        return at_known_scale(cube, self.networks.blobs_finder.card.domain, self.find_as_it_is)

    def find_as_it_is(self, cube: Cube) -> Detection:
        """Section 4.4, in the pixels that the cube has."""
        # 1-4: 2D source detection in the integrated dirty cube
        sky = self.find_blobs(cube)
        # 5-7: frequency denoising and line detection
        lines = candidates_of(self.find_lines(cube, sky.blobs))
        # 8-9: spectral focusing, deblending, false positives
        sources = self.settle(cube, sky, lines)
        # 10-11: morphology
        shaped = self.measure_shapes(cube, sources)
        # 12-13: 3D model, line image, flux
        measured = self.measure_fluxes(cube, shaped)
        return Detection(
            catalogue=table_of(measured, cube.grid).with_columns(
                warning=caveats_on(measured, self.networks)
            ),
            snapshots={
                "blobs_finder": table_of_blobs(sky.blobs, cube.grid),
                "deep_gru": table_of(lines, cube.grid),
                "focusing": table_of(sources, cube.grid),
            },
            notes=notes_on(cube, measured, self.networks, integrated=sky.integrated),
            evidence=panels_of(sky, measured),
        )

    def accepted_shapes(self, cube: Cube) -> Candidates:
        """All candidates after step 11, from which the flux network learns."""
        sky = self.find_blobs(cube)
        lines = candidates_of(self.find_lines(cube, sky.blobs))
        return self.measure_shapes(cube, self.settle(cube, sky, lines))

    def settle(self, cube: Cube, sky: SkyMap, lines: Sequence[Candidate]) -> Candidates:
        """Steps 8 and 9: locate the candidates; reject false, duplicate and improbable ones."""
        views = LineViews(cube, self.kernel_px(cube), self.settings.crop_px)
        focused = self.focus(views, lines, sky.integrated)
        return self.cut_improbable(self.compare(views, focused))

    def kernel_px(self, cube: Cube) -> float:
        """FWHM of the smoothing before peaks are located: the beam's, if known."""
        known = cube.beam_px
        return self.settings.unknown_beam_px if known is None else max(known, 1.0)

    def cut_improbable(self, candidates: Sequence[Candidate]) -> Candidates:
        """Reject the accepted candidates whose probability is too low."""
        return tuple(
            each.rejected(Flag.LOW_PROBABILITY, CUT)
            if each.accepted and each.probability < self.settings.min_probability
            else each
            for each in candidates
        )

    @cached_property
    def find_blobs(self) -> FindBlobs:
        return FindBlobs(self.networks.blobs_finder, self.settings.blobs_finder)

    @cached_property
    def find_lines(self) -> FindBlobLines:
        return FindBlobLines(self.networks.deep_gru, matched_height, self.settings.deep_gru)

    @cached_property
    def focus(self) -> Focusing:
        return Focusing(self.settings.focusing, self.settings.same_position_px)

    @cached_property
    def compare(self) -> Neighbours:
        settings = self.settings
        return Neighbours(settings.neighbours, settings.astray, settings.same_position_px)

    @cached_property
    def measure_shapes(self) -> MeasureShapes:
        networks = self.networks
        return MeasureShapes(
            networks.major, networks.minor, networks.angle, self.settings.min_fwhm_px
        )

    @cached_property
    def measure_fluxes(self) -> MeasureFluxes:
        return MeasureFluxes(self.networks.flux)
