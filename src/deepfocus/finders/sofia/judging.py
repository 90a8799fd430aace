"""Which of the sources that SoFiA-2 linked are accepted: a part of the finder's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.core.flags import Flag
from deepfocus.finders.sofia.program import Found
from deepfocus.finders.sofia.table import rejected


@dataclass(frozen=True)
class Reliability:
    """SoFiA's reliabilities, from a comparison with the negative detections.

    min_snr : `reliability.minSNR`, by the noise of the whole cube and by that around a source
    min_reliability : `reliability.threshold`; less reliable sources are rejected
    min_negatives : with fewer negative detections, reliabilities are not believed
    min_snr_alone : then sources of a lower signal-to-noise ratio are rejected
    """

    kind: ClassVar[str] = "reliability"

    min_snr: float = 3.0
    min_reliability: float = 0.9
    min_negatives: int = 10
    min_snr_alone: float = 4.0

    def parameters(self) -> Mapping[str, Any]:
        """SoFiA's."""
        return {
            "reliability.enable": True,
            "reliability.plot": False,
            "reliability.minSNR": self.min_snr,
            # unreliable sources are to stay in the catalogue, so the finder rejects them itself
            "reliability.threshold": 0,
        }

    def believed(self, found: Found) -> np.ndarray | None:
        """The reliability of each source; None if there are too few negative detections."""
        return found.sources["rel"] if found.negatives >= self.min_negatives else None

    def judged(self, linked: Catalogue, reliability: np.ndarray | None) -> Catalogue:
        """The sources with reliability as their probability, those of less rejected.

        reliability : None if it is not believed; the signal-to-noise ratio has to do then
        """
        if reliability is None:
            return above(self.min_snr_alone, linked)
        unreliable = reliability < self.min_reliability
        flagged = rejected(linked, unreliable, Flag.LOW_FIDELITY, step="reliability")
        return above(self.min_snr, flagged).with_columns(probability=reliability)

    def note(self, reliability: np.ndarray | None) -> str:
        """What the user should know of the judgement, or nothing."""
        if reliability is not None:
            return ""
        return (
            "too few negative detections for SoFiA-2's reliabilities: sources below a "
            f"signal-to-noise ratio of {self.min_snr_alone:g} are rejected"
        )


@dataclass(frozen=True)
class PositiveAlone:
    """No comparison: sources linked from positive voxels alone, above a signal-to-noise ratio.

    A dirty beam has no flux: around a bright source, wide kernels see a negative hollow. Linked
    with the source it makes that negative as a whole, and SoFiA takes such sources out.

    min_snr : of what is accepted, by the noise around a source
    """

    kind: ClassVar[str] = "positive_alone"

    min_snr: float = 4.0

    def parameters(self) -> Mapping[str, Any]:
        """SoFiA's; it wants no reliability where negative voxels are left out."""
        return {"linker.positivity": True, "reliability.enable": False}

    def believed(self, found: Found) -> None:
        """No reliabilities."""

    def judged(self, linked: Catalogue, reliability: np.ndarray | None) -> Catalogue:
        """The sources, the faint ones rejected."""
        return above(self.min_snr, linked)

    def note(self, reliability: np.ndarray | None) -> str:
        """Nothing."""
        return ""


Judge = Reliability | PositiveAlone


def above(snr: float, linked: Catalogue) -> Catalogue:
    """The sources, those of a lower signal-to-noise ratio rejected."""
    faint = linked["snr_focused"] < snr
    return rejected(linked, faint, Flag.LOW_PROBABILITY, step="signal-to-noise")
