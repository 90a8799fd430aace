"""The tables of what finders measure and state: Table 5 and beyond."""

from __future__ import annotations

from typing import Any

import numpy as np

from deepfocus.evaluation.assessment import Assessment
from deepfocus.evaluation.limits import InBounds
from deepfocus.evaluation.pulls import Pulls
from deepfocus.evaluation.report_cells import (
    Shown,
    number_of,
    percent_of,
    share,
    share_of,
    text_of,
)
from deepfocus.evaluation.report_table import ReportTable, Row
from deepfocus.evaluation.residuals import WITHIN, Residuals
from deepfocus.evaluation.score import Score
from deepfocus.evaluation.text_table import percent


def parameter_table(assessment: Assessment) -> ReportTable:
    """Table 5, and the relative errors of section 5.2."""
    limits = {f"< {percent(limit)}": f"within_{100 * limit:g}" for limit in WITHIN}
    return ReportTable(
        name=f"{assessment.name}.table-5",
        title="Table 5: parameters, true - measured",
        caption="Of one-to-one pairs. MAD-std: 1.4826 x median absolute deviation. Shares: of "
        "relative errors below 1, 10 and 20 %. The paper's flux is the summed dirty brightness in "
        "mJy/beam; its angle is the clockwise one. dz = 2 FWHM of the line.",
        shown={
            "finder": text_of("finder"),
            "parameter": text_of("parameter"),
            "unit": text_of("unit"),
            "n": text_of("n"),
            **{name: number_of(name, 3) for name in ("mean", "std", "median")},
            "MAD-std": number_of("mad_std", 3),
            **{heading: percent_of(key) for heading, key in limits.items()},
            "paper mean": number_of("paper_mean", 3),
            "paper std": number_of("paper_std", 3),
            **{f"paper {heading}": percent_of(f"paper_{key}") for heading, key in limits.items()},
        },
        rows=[
            _parameter_row(label, residuals)
            for label, each in assessment.finders.items()
            for residuals in each.standing.score.residuals
        ],
    )


def completeness_table(assessment: Assessment) -> ReportTable:
    """Share found by the signal-to-noise ratio of an ideal observer."""
    rows = [
        {
            "finder": label,
            "low": bin_.low,
            "high": bin_.high,
            "true": bin_.counts.n_true,
            "found": bin_.counts.tp,
            **share("completeness", bin_.counts.recall, bin_.counts.recall_interval()),
        }
        for label, each in assessment.finders.items()
        for bin_ in each.standing.score.by_ideal_snr
        if bin_.counts.n_true
    ]
    return ReportTable(
        name=f"{assessment.name}.completeness",
        title="Completeness by ideal signal-to-noise",
        caption="Ideal: of an observer who knows the line's template and all else in the cube. "
        "Brackets: 95 % Wilson interval.",
        shown={
            "finder": text_of("finder"),
            "ideal SNR": _edges,
            "true": text_of("true"),
            "found": text_of("found"),
            "completeness": share_of("completeness"),
        },
        rows=rows,
    )


def bounds_table(assessment: Assessment) -> ReportTable:
    """Errors in units of the Cramer-Rao bound."""
    return ReportTable(
        name=f"{assessment.name}.bounds",
        title="Errors in units of the Cramer-Rao bound",
        caption="(true - measured) / bound of one-to-one pairs; a spread of 1 is the best that any "
        "unbiased measurement can do. Spread: 1.4826 x median absolute deviation.",
        shown=_spread_shown("spread / bound"),
        rows=[
            _spread_row(label, each)
            for label, results in assessment.finders.items()
            for each in results.standing.score.in_bounds
            if each.n
        ],
    )


def pulls_table(assessment: Assessment) -> ReportTable:
    """Whether the stated errors are those that are made."""
    return ReportTable(
        name=f"{assessment.name}.pulls",
        title="Stated errors",
        caption="Pull: (measured - true) / stated error, of one-to-one pairs. Honest errors have a "
        "width of 1 and cover 68 % of the true values. Alone: without those measured as one with "
        "another true source, at the same place in overlapping channels, that was missed. Several: "
        "these, their flux against that of all they stand for. Brackets: 95 % Wilson interval.",
        shown={"of": text_of("of")}
        | _spread_shown("width")
        | {"within one error": share_of("coverage")},
        rows=[
            {"of": which}
            | _spread_row(label, each)
            | share("coverage", each.coverage, each.coverage_interval)
            for label, results in assessment.finders.items()
            for which, pulls in _sorts_of_pulls(results.standing.score).items()
            for each in pulls
            if each.n
        ],
    )


def _sorts_of_pulls(score: Score) -> dict[str, tuple[Pulls, ...]]:
    """All; and without those measured as one, where there are any."""
    if not score.of_all.n:
        return {"all": score.pulls}
    return {"all": score.pulls, "alone": score.pulls_alone, "several": (score.of_all,)}


def reliability_table(assessment: Assessment) -> ReportTable:
    """What share is true of what is stated as probable."""
    rows = [
        {
            "finder": label,
            "low": bin_.low,
            "high": bin_.high,
            "n": bin_.n,
            "stated": bin_.mean,
            "true": bin_.true,
            **share("share", bin_.share, bin_.share_interval),
        }
        for label, each in assessment.finders.items()
        for bin_ in each.reliability.bins
        if bin_.n
    ]
    return ReportTable(
        name=f"{assessment.name}.reliability",
        title="Stated probability against the share that is true",
        caption="Rows that are accepted, or rejected for their probability alone. Brackets: 95 % "
        "Wilson interval.",
        shown={
            "finder": text_of("finder"),
            "stated": lambda row: f"{row['low']:g} to {row['high']:g}",
            "mean stated": number_of("stated", 4),
            "rows": text_of("n"),
            "true": text_of("true"),
            "share true": share_of("share"),
        },
        rows=rows,
    )


def _parameter_row(label: str, residuals: Residuals) -> Row:
    unknown = (np.nan,) * len(WITHIN)
    paper_mean, paper_std = residuals.paper or (np.nan, np.nan)
    row = {
        "finder": label,
        "parameter": residuals.name,
        "unit": residuals.unit,
        "n": residuals.n,
        "mean": residuals.mean,
        "std": residuals.std,
        "median": residuals.median,
        "mad_std": residuals.mad_std,
        "paper_mean": paper_mean,
        "paper_std": paper_std,
        "paper_unit": residuals.paper_unit or (residuals.unit if residuals.paper else ""),
    }
    for prefix, shares in (("", residuals.within), ("paper_", residuals.paper_within)):
        for limit, value in zip(WITHIN, shares or unknown, strict=True):
            row[f"{prefix}within_{100 * limit:g}"] = value
    return row


def _spread_row(label: str, each: InBounds | Pulls) -> dict[str, Any]:
    return {
        "finder": label,
        "parameter": each.name,
        "n": each.n,
        "median": each.median,
        "mad_std": each.mad_std,
    }


def _spread_shown(spread: str) -> dict[str, Shown]:
    return {
        "finder": text_of("finder"),
        "parameter": text_of("parameter"),
        "n": text_of("n"),
        "median": number_of("median", 2),
        spread: number_of("mad_std", 2),
    }


def _edges(row: Row) -> str:
    return f">= {row['low']:g}" if np.isinf(row["high"]) else f"{row['low']:g} to {row['high']:g}"
