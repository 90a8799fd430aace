"""The tables of what finders find and miss: Table 4 and beyond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from deepfocus.evaluation.assessment import FLUX_LIMITS, Assessment
from deepfocus.evaluation.comparison import MIB
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.losses import CATALOGUE
from deepfocus.evaluation.paper_numbers import TABLE_4
from deepfocus.evaluation.report_cells import (
    UNKNOWN,
    Shown,
    number_of,
    percent_of,
    share,
    share_of,
    text_of,
)
from deepfocus.evaluation.report_table import ReportTable, Row
from deepfocus.evaluation.stages import PAPER_STAGES
from deepfocus.evaluation.text_table import percent

IMAGE, CUBE = "image", "image and channel"
PAPER = "the paper"


def standings_table(assessments: Sequence[Assessment]) -> ReportTable:
    """Every finder on every set."""
    return ReportTable(
        name="finders",
        title="Every finder on every set",
        caption="Brackets: 95 % Wilson interval. A source is found one-to-one: its centre within "
        "half of the FWHM that it has in the cube (beam and size in quadrature), its channel "
        "within half of the line FWHM. By the paper's rule: box IoU > 0.6, box centres < 3 px "
        "apart, channel IoU > 0.6, false = what is found beyond the number of true ones in each "
        "cube. Pieces: accepted rows that lie on one true source, mean of the sources that have "
        "any. Flux: share of matched sources. CPU: median of a cube, all threads. Memory: highest "
        "of any cube, of the whole process.",
        shown={
            "set": text_of("set"),
            "finder": text_of("finder"),
            "cubes": text_of("cubes"),
            "true": text_of("true"),
            **_counts_shown(""),
            "false a cube": number_of("false_per_cube", 2),
            "pieces a source": number_of("pieces_per_source", 2),
            **_flux_shown(),
            "CPU s": number_of("cpu", 2),
            "memory MiB": number_of("peak_memory", 0),
            **_counts_shown("paper_", "paper's rule "),
            "refused": text_of("refused"),
        },
        rows=[_standing_row(each, label) for each in assessments for label in each.finders],
        units={"cpu": "s", "peak_memory": "MiB"},
    )


def detection_table(assessment: Assessment) -> ReportTable:
    """Table 4, after each step of each finder."""
    return ReportTable(
        name=f"{assessment.name}.table-4",
        title="Table 4: detection, step by step",
        caption="Counts after each step of each finder, one-to-one and by the paper's rule; a step "
        "whose candidates have no line yet is matched in the image alone. The last rows are those "
        "of the paper's Table 4: its 1,000 test cubes, its simulations, its rule. Its text counts "
        "4056 true, 4 false, 500 missed after Blobs Finder.",
        shown={
            "finder": text_of("finder"),
            "after": text_of("step"),
            "matched in": text_of("matched_in"),
            **_counts_shown(""),
            **_counts_shown("paper_", "paper's rule "),
            "mean IoU": number_of("mean_iou", 2),
        },
        rows=[*_steps(assessment), *_paper_rows()],
    )


def lost_at_table(assessment: Assessment) -> ReportTable:
    """How many sources are lost at each step."""
    rows = [
        {
            "finder": label,
            "step": step,
            "lost": lost,
            "of": each.standing.score.one_to_one.n_true,
        }
        for label, each in assessment.finders.items()
        for step, lost in each.lost_at.items()
    ]
    return ReportTable(
        name=f"{assessment.name}.lost-at",
        title="Where sources were lost",
        caption="A source is lost at the first step after which no candidate matches it any more; "
        f"'{CATALOGUE}' is the end: what is accepted.",
        shown={
            "finder": text_of("finder"),
            "lost at": text_of("step"),
            "sources": text_of("lost"),
            "of": text_of("of"),
        },
        rows=rows,
    )


def losses_table(assessment: Assessment) -> ReportTable:
    """Each missed source."""
    rows: list[dict[str, Any]] = [
        {
            "finder": label,
            "cube": loss.key,
            "source": loss.source,
            "ideal_snr": loss.ideal_snr,
            "snr_peak": loss.snr_peak,
            "x": loss.x,
            "y": loss.y,
            "channel": loss.channel,
            "step": loss.step,
            "rejected_row": loss.rejected.row,
            "rejected_apart": loss.rejected.apart,
            "reason": loss.rejected.words,
            "accepted_row": loss.accepted.row,
            "accepted_apart": loss.accepted.apart,
            "accepted": loss.accepted.words,
        }
        for label, each in assessment.finders.items()
        for loss in each.losses
    ]
    return ReportTable(
        name=f"{assessment.name}.losses",
        title="Each source that was missed",
        caption="Rows of the catalogue nearest to it, up to two reaches off; one reach is half of "
        "the FWHM that it has in the cube, or half of its line FWHM, whichever is further.",
        shown={
            "finder": text_of("finder"),
            "cube": text_of("cube"),
            "source": text_of("source"),
            "ideal SNR": number_of("ideal_snr", 1),
            "peak SNR": number_of("snr_peak", 1),
            "x": number_of("x", 1),
            "y": number_of("y", 1),
            "channel": number_of("channel", 1),
            "lost at": text_of("step"),
            "nearest rejected row": _neighbour("rejected", "reason"),
            "nearest accepted row": _neighbour("accepted", "accepted"),
        },
        rows=rows,
        units={"x": "pix", "y": "pix", "channel": "chan"},
    )


def _standing_row(assessment: Assessment, label: str) -> Row:
    results = assessment.finders[label]
    standing = results.standing
    counts = standing.score.one_to_one
    fluxes = zip(FLUX_LIMITS, results.flux_within, strict=True)
    return {
        "set": assessment.name,
        "finder": label,
        "cubes": assessment.cubes,
        "true": counts.n_true,
        **_counts("", counts),
        "false_per_cube": counts.fp / assessment.cubes,
        "pieces_per_source": results.pieces.per_source,
        "most_pieces": results.pieces.most,
        **{f"flux_within_{100 * limit:g}": share for limit, share in fluxes},
        "cpu": float(np.median(standing.cpu_s)),
        "peak_memory": float(standing.peak_bytes.max()) / MIB,
        **_counts("paper_", standing.score.paper_rule),
        "refused": len(standing.refused),
    }


def _steps(assessment: Assessment) -> Iterator[Row]:
    for label, each in assessment.finders.items():
        score = each.standing.score
        for stage in each.standing.stages:
            matched_in = CUBE if stage.spectral else IMAGE
            counts = stage.one_to_one, stage.paper_rule
            yield _step(label, stage.name, matched_in, *counts, np.nan)
        end = score.one_to_one, score.paper_rule, score.mean_iou_paper_rule
        yield _step(label, CATALOGUE, CUBE, *end)


def _step(
    finder: str, step: str, matched_in: str, ours: Counts, papers: Counts, mean_iou: float
) -> Row:
    return {
        "finder": finder,
        "step": step,
        "matched_in": matched_in,
        **_counts("", ours),
        **_counts("paper_", papers),
        "mean_iou": mean_iou,
    }


def _paper_rows() -> Iterator[Row]:
    blobs = PAPER_STAGES["blobs_finder"]
    yield {"finder": PAPER, "step": "Blobs Finder", **_counts("paper_", blobs)}
    for row in TABLE_4:
        counts = _counts("paper_", row.counts)
        yield {"finder": PAPER, "step": row.name, **counts, "mean_iou": row.mean_iou}


def _counts(prefix: str, counts: Counts) -> dict[str, Any]:
    return {
        f"{prefix}tp": counts.tp,
        f"{prefix}fp": counts.fp,
        f"{prefix}fn": counts.fn,
        **share(f"{prefix}precision", counts.precision, counts.precision_interval()),
        **share(f"{prefix}recall", counts.recall, counts.recall_interval()),
    }


def _counts_shown(prefix: str, words: str = "") -> dict[str, Shown]:
    numbers = {f"{words}{name.upper()}": text_of(f"{prefix}{name}") for name in ("tp", "fp", "fn")}
    shares = {f"{words}{name}": share_of(f"{prefix}{name}") for name in ("precision", "recall")}
    return numbers | shares


def _flux_shown() -> dict[str, Shown]:
    return {
        f"flux within {percent(limit)}": percent_of(f"flux_within_{100 * limit:g}")
        for limit in FLUX_LIMITS
    }


def _neighbour(kind: str, words: str) -> Shown:
    def shown(row: Row) -> str:
        if not row[f"{kind}_row"]:
            return UNKNOWN
        apart = f"{row[f'{kind}_apart']:.1f} off"
        return ", ".join(part for part in (f"{row[f'{kind}_row']}", apart, row[words]) if part)

    return shown
