"""Score a catalogue: counts by both matching rules, residuals, completeness.

`score` takes one cube, `pool` many: each cube is matched separately, then counts are summed and
pairs concatenated. Nothing here knows who found the sources.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from deepfocus.core.catalogue import Catalogue, stacked
from deepfocus.evaluation.axes import along_axes_of
from deepfocus.evaluation.counts import Counts, finite_or_none
from deepfocus.evaluation.limits import InBounds, bounds_table, in_bounds
from deepfocus.evaluation.match import Matches, match, match_paper_rule
from deepfocus.evaluation.overlap import blendness
from deepfocus.evaluation.pulls import Pulls, pulls_of, pulls_table
from deepfocus.evaluation.residuals import WITHIN, Residuals, all_residuals
from deepfocus.evaluation.text_table import (
    COUNTS_HEADER,
    counts_cells,
    interval,
    number,
    percent,
    text_table,
)
from deepfocus.evaluation.together import alone, pulls_of_all

SNR_EDGES = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, np.inf)
IDEAL_SNR_EDGES = (0.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0, np.inf)
BLENDNESS_EDGES = (0.0, 1e-9, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0 + 1e-9)
PAPER_PIPELINE = Counts(tp=4202, fp=0, fn=354)
PAPER_MEAN_IOU = 0.74


@dataclass(frozen=True)
class Bin:
    """Completeness of the true sources with low <= value < high."""

    low: float
    high: float
    counts: Counts

    def as_dict(self) -> dict[str, Any]:
        """For JSON; an open upper edge is None."""
        return {
            "low": self.low,
            "high": finite_or_none(self.high),
            "n_true": self.counts.n_true,
            "recall": finite_or_none(self.counts.recall),
            "recall_95": [finite_or_none(v) for v in self.counts.recall_interval()],
        }


@dataclass(frozen=True, eq=False, repr=False)
class Score:
    """The score of one catalogue, or of many pooled.

    cubes : how many cubes were pooled
    one_to_one, paper_rule : counts by `match` and by `match_paper_rule`
    mean_iou, mean_iou_paper_rule : mean 2D box IoU of the pairs of each rule
    residuals : every parameter of Table 5 over the one-to-one pairs
    in_bounds : their errors in units of the Cramer-Rao bound, where the truth has it
    pulls : their errors in units of those that the finder states, where it does
    pulls_alone : the same without pairs whose found one stands for further true sources, which were
        missed (`together`); of_all : the pull of the flux of these, against that of them all
    by_ideal_snr : one-to-one completeness in bins of the ideal observer's signal-to-noise ratio
    by_snr, by_blendness : the same in bins of true `snr_peak` and blendness (Eq 22)
    truth_matched, found_matched : the one-to-one pairs, row by row, for figures
    """

    cubes: int
    one_to_one: Counts
    paper_rule: Counts
    mean_iou: float
    mean_iou_paper_rule: float
    residuals: tuple[Residuals, ...]
    in_bounds: tuple[InBounds, ...]
    pulls: tuple[Pulls, ...]
    pulls_alone: tuple[Pulls, ...]
    of_all: Pulls
    by_ideal_snr: tuple[Bin, ...]
    by_snr: tuple[Bin, ...]
    by_blendness: tuple[Bin, ...]
    truth_matched: Catalogue
    found_matched: Catalogue

    def __repr__(self) -> str:
        return self.table()

    def _repr_markdown_(self) -> str:
        """For notebooks."""
        return self.table()

    def table(self) -> str:
        """Counts, residuals and completeness as Markdown tables, with the paper's numbers."""
        cubes = "1 cube" if self.cubes == 1 else f"{self.cubes} cubes"
        return "\n\n".join(
            [
                f"### Detection: {cubes}, {self.one_to_one.n_true} true sources",
                self.detection_table(),
                "Brackets: 95 % Wilson interval. One-to-one: centres less than half of the FWHM "
                "apart that the true source has in the cube (beam and size in quadrature), "
                "channels less than half of the line FWHM. Paper's rule: box IoU > 0.6, box "
                "centres < 3 px apart, channel IoU > 0.6, FP = max(0, found - true) per cube. "
                "Last row: Table 4, 1,000 cubes of the paper's own simulations.",
                f"### Residuals, true - predicted: {len(self.truth_matched)} one-to-one pairs",
                self.residual_table(),
                "MAD-std: 1.4826 x median absolute deviation. Paper: mean and std of Table 5, in "
                "its own unit where that differs (its flux is summed dirty brightness). dz = 2 "
                "FWHM of the line. Relative errors: residual / true value.",
                "### Relative errors",
                self.relative_table(),
                *self._stated_errors(),
                *self._against_limits(),
                "### Completeness by peak SNR of the true line in one channel",
                _bin_table("SNR", self.by_snr),
                "### Completeness by blendness of the true box (Eq 22)",
                _bin_table("blendness", self.by_blendness),
            ]
        )

    def detection_table(self) -> str:
        """Counts by both matching rules, and the paper's Table 4."""
        rows = [
            ("one-to-one, 3D", self.one_to_one, self.mean_iou),
            ("the paper's rule", self.paper_rule, self.mean_iou_paper_rule),
            ("paper (Table 4)", PAPER_PIPELINE, PAPER_MEAN_IOU),
        ]
        return text_table(
            ("matching", *COUNTS_HEADER, "mean IoU"),
            [[name, *counts_cells(counts), number(iou, digits=2)] for name, counts, iou in rows],
        )

    def residual_table(self) -> str:
        """Mean, spread and the paper's Table 5 for each parameter."""
        header = ("parameter", "unit", "n", "mean", "std", "median", "MAD-std", "paper")
        return text_table(header, [_residual_cells(r) for r in self.residuals])

    def relative_table(self) -> str:
        """Relative errors (Eq 24) of angle and flux, and the paper's fractions from section 5.2."""
        limits = [f"< {percent(limit)}" for limit in WITHIN]
        header = ("parameter", "n", "mean", "std", *limits, "paper " + ", ".join(limits))
        return text_table(
            header, [_relative_cells(r) for r in self.residuals if r.within is not None]
        )

    def _stated_errors(self) -> list[str]:
        """A table of pulls, if the finder states errors."""
        if not any(each.n for each in self.pulls):
            return []
        return [
            "### Stated errors",
            pulls_table(self.pulls),
            "Pull: (measured - true) / stated error; honest errors have a width of 1, and 68 % of "
            "the true values lie within one.",
            *self._of_those_alone(),
        ]

    def _of_those_alone(self) -> list[str]:
        """A table of pulls without what was measured as one with another source."""
        if not self.of_all.n:
            return []
        return [
            f"### Stated errors, without {self.of_all.n} measured as one with another source",
            pulls_table((*self.pulls_alone, self.of_all)),
            "As one: a true source that was missed lies as close in the image as a match asks for, "
            "and overlaps in channels. Last row: the flux of these against that of all true "
            "sources that they stand for.",
        ]

    def _against_limits(self) -> list[str]:
        """Tables against the limits of each source, if the truth has them."""
        if not any(bin_.counts.n_true for bin_ in self.by_ideal_snr):
            return []
        return [
            "### Completeness by the line's SNR for an ideal observer",
            _bin_table("ideal SNR", self.by_ideal_snr),
            "### Errors in units of the Cramer-Rao bound",
            bounds_table(self.in_bounds),
            "Spread: MAD-std of (true - predicted) / bound; 1 is the best possible.",
        ]

    def as_dict(self) -> dict[str, Any]:
        """All numbers, for JSON; NaN is None."""
        return {
            "cubes": self.cubes,
            "one_to_one": self.one_to_one.as_dict(),
            "paper_rule": self.paper_rule.as_dict(),
            "mean_iou": finite_or_none(self.mean_iou),
            "mean_iou_paper_rule": finite_or_none(self.mean_iou_paper_rule),
            "residuals": [residuals.as_dict() for residuals in self.residuals],
            "in_bounds": [each.as_dict() for each in self.in_bounds],
            "pulls": [each.as_dict() for each in self.pulls],
            "pulls_alone": [each.as_dict() for each in (*self.pulls_alone, self.of_all)],
            "by_ideal_snr": [bin_.as_dict() for bin_ in self.by_ideal_snr],
            "by_snr": [bin_.as_dict() for bin_ in self.by_snr],
            "by_blendness": [bin_.as_dict() for bin_ in self.by_blendness],
        }


def score(found: Catalogue, truth: Catalogue) -> Score:
    """Score the accepted rows of one cube's catalogue against its truth."""
    return pool([(found, truth)])


def pool(pairs: Iterable[tuple[Catalogue, Catalogue]]) -> Score:
    """Score many cubes together, each given as (found, truth)."""
    pairs = list(pairs)
    ours = [match(found, truth) for found, truth in pairs]
    papers = [match_paper_rule(found, truth) for found, truth in pairs]
    truth_matched = stacked(matches.truth_matched for matches in ours)
    found_matched = stacked(matches.found_matched for matches in ours)
    along_axes = along_axes_of(truth_matched, found_matched)
    apart = _joined([alone(matches) for matches in ours], bool)
    detected = _joined([matches.detected for matches in ours], bool)
    snr = _joined([matches.truth["snr_peak"] for matches in ours], float)
    ideal = _joined([matches.truth["ideal_snr"] for matches in ours], float)
    blended = _joined([blendness(matches.truth) for matches in ours], float)
    return Score(
        cubes=len(pairs),
        one_to_one=_total(ours),
        paper_rule=_total(papers),
        mean_iou=_mean_iou(ours),
        mean_iou_paper_rule=_mean_iou(papers),
        # Not every truth contains the paper's flux; an empty row would say nothing.
        residuals=tuple(
            r
            for r in all_residuals(truth_matched, found_matched)
            if r.n or r.name != "summed brightness"
        ),
        in_bounds=in_bounds(truth_matched, along_axes),
        pulls=pulls_of(truth_matched, along_axes),
        pulls_alone=pulls_of(truth_matched.where(apart), along_axes.where(apart)),
        of_all=pulls_of_all(ours),
        by_ideal_snr=_completeness(ideal, detected, IDEAL_SNR_EDGES),
        by_snr=_completeness(snr, detected, SNR_EDGES),
        by_blendness=_completeness(blended, detected, BLENDNESS_EDGES),
        truth_matched=truth_matched,
        found_matched=found_matched,
    )


def _total(matches: Sequence[Matches]) -> Counts:
    return sum((each.counts for each in matches), Counts())


def _mean_iou(matches: Sequence[Matches]) -> float:
    values = _joined([each.pair_iou for each in matches], float)
    values = values[np.isfinite(values)]
    return float(values.mean()) if len(values) else np.nan


def _joined(parts: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype)


def _completeness(
    values: np.ndarray, detected: np.ndarray, edges: Sequence[float]
) -> tuple[Bin, ...]:
    bins = []
    for low, high in pairwise(edges):
        inside = (values >= low) & (values < high)
        tp = int(np.sum(inside & detected))
        bins.append(Bin(low, high, Counts(tp=tp, fn=int(np.sum(inside)) - tp)))
    return tuple(bins)


def _bin_table(name: str, bins: Sequence[Bin]) -> str:
    rows = [
        [_edges(b), str(b.counts.n_true), interval(b.counts.recall, b.counts.recall_interval())]
        for b in bins
        if b.counts.n_true
    ]
    return text_table((name, "true sources", "recall"), rows)


def _edges(bin_: Bin) -> str:
    if bin_.high < 1e-6:
        return "0"
    if np.isinf(bin_.high):
        return f">= {bin_.low:g}"
    low = "> 0" if 0 < bin_.low < 1e-6 else f"{bin_.low:g}"
    return f"{low} to {bin_.high:.3g}"


def _residual_cells(r: Residuals) -> list[str]:
    paper = "-"
    if r.paper is not None:
        unit = f" {r.paper_unit}" if r.paper_unit else ""
        paper = f"{r.paper[0]:g} ± {r.paper[1]:g}{unit}"
    numbers = [number(v) for v in (r.mean, r.std, r.median, r.mad_std)]
    return [r.name, r.unit, str(r.n), *numbers, paper]


def _relative_cells(r: Residuals) -> list[str]:
    ours = [percent(fraction) for fraction in r.within or ()]
    papers = ", ".join(percent(f) for f in r.paper_within) if r.paper_within else "-"
    return [r.name, str(r.n), number(r.relative_mean), number(r.relative_std), *ours, papers]
