"""Counts after each stage of a finder: what each step of the paper's section 5.1 gains or loses.

A stage whose candidates have no line yet (Blobs Finder) is matched in the image alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.match import match, match_paper_rule
from deepfocus.evaluation.text_table import COUNTS_HEADER, counts_cells, text_table

Stages = Mapping[str, Catalogue]
"""Candidates after each stage, by stage name, in order."""

PAPER_STAGES: Mapping[str, Counts] = {
    # Blobs Finder: section 5.1, by the distance and IoU criteria (its text states 354 FN,
    # but 4056 TP + 354 FN is not 4556 sources). The others: Table 4.
    "blobs_finder": Counts(tp=4056, fp=4, fn=500),
    "deep_gru": Counts(tp=4202, fp=63, fn=354),
    "focusing": Counts(tp=4202, fp=0, fn=354),
}
"""The paper's counts after the steps of the same names."""


@dataclass(frozen=True)
class StageCounts:
    """Counts after one stage, over all cubes.

    spectral : whether candidates were matched in channel too
    """

    name: str
    spectral: bool
    one_to_one: Counts
    paper_rule: Counts

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "stage": self.name,
            "matched_in": "image and channel" if self.spectral else "image",
            "one_to_one": self.one_to_one.as_dict(),
            "paper_rule": self.paper_rule.as_dict(),
        }


def count_stages(cubes: Sequence[tuple[Stages, Catalogue]]) -> tuple[StageCounts, ...]:
    """Counts after each stage; one (stages, truth) per cube, all with the same stages."""
    names = list(cubes[0][0]) if cubes else []
    return tuple(_count(name, [(stages[name], truth) for stages, truth in cubes]) for name in names)


def _count(name: str, pairs: Sequence[tuple[Catalogue, Catalogue]]) -> StageCounts:
    spectral = any(np.isfinite(found["channel"]).any() for found, _ in pairs)
    ours = (match(found, truth, spectral=spectral).counts for found, truth in pairs)
    papers = (match_paper_rule(found, truth, spectral=spectral).counts for found, truth in pairs)
    return StageCounts(
        name=name,
        spectral=spectral,
        one_to_one=sum(ours, Counts()),
        paper_rule=sum(papers, Counts()),
    )


def stage_table(stages: Sequence[StageCounts]) -> str:
    """A Markdown table: each stage by both matching rules, and the paper's numbers."""
    rows = []
    for stage in stages:
        where = "3D" if stage.spectral else "2D"
        rows.append([stage.name, f"one-to-one, {where}", *counts_cells(stage.one_to_one)])
        rows.append([stage.name, f"paper's rule, {where}", *counts_cells(stage.paper_rule)])
        if stage.name in PAPER_STAGES:
            rows.append(
                [stage.name, "paper (1,000 cubes)", *counts_cells(PAPER_STAGES[stage.name])]
            )
    return text_table(("after stage", "matching", *COUNTS_HEADER), rows)
