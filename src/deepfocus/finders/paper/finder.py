"""The finder `paper`: section 4.4 and Figure 14 of Delli Veneri et al. (2023) as printed.

It applies every threshold of the paper and no other rule. It runs on any six networks, and notes
which ones it used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from deepfocus.core.cube import Cube
from deepfocus.finders.finder import Detection, refuse_empty, refuse_few_channels
from deepfocus.finders.paper.figure_14 import Figure14, Figure14Settings
from deepfocus.finders.six_networks.blobs import BlobSettings, FindBlobs
from deepfocus.finders.six_networks.domain import caveats_on, notes_on
from deepfocus.finders.six_networks.fluxes import MeasureFluxes
from deepfocus.finders.six_networks.known_scale import at_known_scale
from deepfocus.finders.six_networks.lines import FindBlobLines, candidates_of, height
from deepfocus.finders.six_networks.shapes import MeasureShapes
from deepfocus.finders.six_networks.table import panels_of, table_of, table_of_blobs
from deepfocus.ops.blobs import Connected
from deepfocus.ops.continuum import FitTrend
from deepfocus.ops.lines import FindLines
from deepfocus.weights.six import SixNetworks, load_six

LEAST_CHANNELS = 8
"""With fewer, it misses even a bright line of two channels."""


@dataclass(frozen=True)
class Paper:
    """Section 4.4 as printed.

    weights : folder of other networks; None for the shipped ones
    threshold : cut on the probability map, 0.15
    min_height : minimum height in find_peaks, 0.1
    crop_px : side of focused images, 64
    figure_14 : parameters of steps 8 and 9
    """

    kind: ClassVar[str] = "paper"
    summary: ClassVar[str] = (
        "section 4.4 and Figure 14 of Delli Veneri et al. (2023) as printed, on any six networks"
    )

    weights: str | None = None
    threshold: float = 0.15
    min_height: float = 0.1
    crop_px: int = 64
    figure_14: Figure14Settings = field(default_factory=Figure14Settings)

    def ready(self) -> ReadyPaper:
        """Load the networks. Raises `DeepFocusError` if they are unusable."""
        return ReadyPaper(load_six(Path(self.weights) if self.weights else None), self)


@dataclass(frozen=True, eq=False)
class ReadyPaper:
    """`Paper` with its networks."""

    networks: SixNetworks
    settings: Paper = field(default_factory=Paper)

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
        refuse_few_channels(cube, LEAST_CHANNELS, "paper")
        return at_known_scale(cube, self.networks.blobs_finder.card.domain, self.find_as_it_is)

    def find_as_it_is(self, cube: Cube) -> Detection:
        """Section 4.4, in the pixels that the cube has."""
        sky = self.find_blobs(cube)  # 1-4
        lines = candidates_of(self.find_lines(cube, sky.blobs))  # 5-7
        sources = self.focus(cube, lines, sky.integrated)  # 8-9
        shaped = self.measure_shapes(cube, sources)  # 10-11
        measured = self.measure_fluxes(cube, shaped)  # 12-13
        outside = notes_on(cube, measured, self.networks, integrated=sky.integrated)
        return Detection(
            catalogue=table_of(measured, cube.grid).with_columns(
                warning=caveats_on(measured, self.networks)
            ),
            snapshots={
                "blobs_finder": table_of_blobs(sky.blobs, cube.grid),
                "deep_gru": table_of(lines, cube.grid),
                "focusing": table_of(sources, cube.grid),
            },
            notes=(self.networks.in_words, *outside),
            evidence=panels_of(sky, measured),
        )

    @cached_property
    def find_blobs(self) -> FindBlobs:
        cut = BlobSettings(threshold=self.settings.threshold, split=Connected())
        return FindBlobs(self.networks.blobs_finder, cut)

    @cached_property
    def find_lines(self) -> FindBlobLines:
        peaks = FindLines(self.settings.min_height, min_prominence=0.0, min_distance_chan=1.0)
        plain = FitTrend(clip_sigma=float("inf"), min_significance=0.0)
        return FindBlobLines(self.networks.deep_gru, height, peaks, plain)

    @cached_property
    def focus(self) -> Figure14:
        return Figure14(self.settings.figure_14, self.settings.crop_px)

    @cached_property
    def measure_shapes(self) -> MeasureShapes:
        return MeasureShapes(self.networks.major, self.networks.minor, self.networks.angle)

    @cached_property
    def measure_fluxes(self) -> MeasureFluxes:
        return MeasureFluxes(self.networks.flux)
