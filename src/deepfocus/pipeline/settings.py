"""All settings of a detection, each beside the stage it sets; the paper's values by default."""

from __future__ import annotations

from dataclasses import dataclass, field

from deepfocus.core.errors import DeepFocusError
from deepfocus.pipeline.blobs_finder import BlobsFinderSettings
from deepfocus.pipeline.deep_gru import DeepGruSettings
from deepfocus.pipeline.domain import Domain
from deepfocus.pipeline.flux import FluxSettings
from deepfocus.pipeline.focusing import FocusingSettings
from deepfocus.pipeline.morphology import MorphologySettings
from deepfocus.pipeline.neighbours import NeighbourSettings
from deepfocus.pipeline.orphans import OrphanSettings


@dataclass(frozen=True)
class PipelineSettings:
    """Settings of the stages; `min_probability` rejects what is left below it (0.1; 0: none)."""

    blobs_finder: BlobsFinderSettings = field(default_factory=BlobsFinderSettings)
    deep_gru: DeepGruSettings = field(default_factory=DeepGruSettings)
    focusing: FocusingSettings = field(default_factory=FocusingSettings)
    neighbours: NeighbourSettings = field(default_factory=NeighbourSettings)
    orphans: OrphanSettings = field(default_factory=OrphanSettings)
    morphology: MorphologySettings = field(default_factory=MorphologySettings)
    flux: FluxSettings = field(default_factory=FluxSettings)
    domain: Domain = field(default_factory=Domain)
    min_probability: float = 0.1

    def __post_init__(self) -> None:
        for stage in ("focusing", "morphology", "flux"):
            crop_px = getattr(self, stage).crop_px
            if not 8 <= crop_px <= 1024:
                raise DeepFocusError(
                    f"{stage}.crop_px is {crop_px}",
                    wanted="8 to 1024 pixels",
                    remedy=f"correct the [{stage}] settings",
                )
