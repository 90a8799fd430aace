"""The paper's own Tables 4 and 5 in numbers, beside which ours stand."""

from __future__ import annotations

from dataclasses import dataclass

from deepfocus.evaluation.counts import Counts


@dataclass(frozen=True)
class PaperRow:
    """A row of the paper's Table 4: counts over 1,000 test cubes of its own simulations."""

    name: str
    counts: Counts
    mean_iou: float


TABLE_4 = (
    PaperRow("Blobs Finder and Deep GRU", Counts(tp=4202, fp=63, fn=354), 0.74),
    PaperRow("Pipeline", Counts(tp=4202, fp=0, fn=354), 0.74),
    PaperRow("BLOBCAT", Counts(tp=2779, fp=2429, fn=1777), 0.61),
    PaperRow("SoFiA-2", Counts(tp=1010, fp=4011, fn=3546), 0.63),
    PaperRow("DECORAS", Counts(tp=3560, fp=759, fn=996), 0.60),
)
