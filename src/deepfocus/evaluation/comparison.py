"""Tables of a campaign: finders side by side, which differences are real, each finder alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from astropy.table import QTable, Table

from deepfocus import __version__
from deepfocus.core.files import whole_file
from deepfocus.evaluation.bootstrap import FEWEST, Difference, differences
from deepfocus.evaluation.campaign import Campaign, Found
from deepfocus.evaluation.counts import Counts
from deepfocus.evaluation.match import match
from deepfocus.evaluation.residuals import Residuals
from deepfocus.evaluation.score import Score, pool
from deepfocus.evaluation.stages import StageCounts, count_stages, stage_table
from deepfocus.evaluation.text_table import COUNTS_HEADER, counts_cells, number, percent, text_table

MIB = 2**20
SHOWN = ("x", "y", "z", "dz", "FWHM x", "FWHM y", "line flux")
"""Residuals in the table of all finders; the tables of each finder have the rest."""
COLUMNS = {
    "x": "x",
    "y": "y",
    "z": "channel",
    "dz": "line_extent",
    "FWHM x": "fwhm_x",
    "FWHM y": "fwhm_y",
    "pa": "pa",
    "line flux": "line_flux",
}
"""Parameters of Table 5 and the names of their columns in the machine-readable table."""
UNITS = {
    "x": "pix",
    "y": "pix",
    "channel": "chan",
    "line_extent": "chan",
    "fwhm_x": "pix",
    "fwhm_y": "pix",
    "pa": "deg",
    "line_flux": "Jy km/s",
    "cpu": "s",
    "wall": "s",
    "peak_memory": "MiB",
}


EXPLAINED = (
    "One-to-one matches. Brackets at precision and recall: 95 % Wilson interval. Differences: "
    f"paired bootstrap over cubes, none real with fewer than {FEWEST}. CPU seconds: median of a "
    "cube, all threads. Peak: highest of any cube, of the whole process with libraries and cube."
)


@dataclass(frozen=True, eq=False)
class Standing:
    """Results of one finder.

    by_cube : one-to-one counts of each cube
    cpu_s, wall_s, peak_bytes : (cube,) cost of each search
    refused : reason for each cube that it refused, and in which it therefore found nothing
    """

    score: Score
    stages: tuple[StageCounts, ...]
    by_cube: tuple[Counts, ...]
    cpu_s: np.ndarray
    wall_s: np.ndarray
    peak_bytes: np.ndarray
    refused: Mapping[str, str]

    def residual(self, name: str) -> Residuals:
        """The residuals of one parameter of Table 5."""
        return next(each for each in self.score.residuals if each.name == name)

    def as_dict(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        return {
            "score": self.score.as_dict(),
            "stages": [stage.as_dict() for stage in self.stages],
            "cpu_s": self.cpu_s.tolist(),
            "wall_s": self.wall_s.tolist(),
            "peak_bytes": self.peak_bytes.tolist(),
            "refused": dict(self.refused),
        }


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Finders on the same cubes.

    name : of the set of cubes; standings : by the finder's label
    """

    name: str
    cubes: int
    standings: Mapping[str, Standing]

    def __repr__(self) -> str:
        return self.summary()

    def _repr_markdown_(self) -> str:
        """For notebooks."""
        return self.summary()

    @cached_property
    def differences(self) -> tuple[Difference, ...]:
        """Differences in recall, precision and F1, for every pair of finders."""
        return differences({label: each.by_cube for label, each in self.standings.items()})

    def summary(self) -> str:
        """All finders side by side, and which differences are real, as Markdown."""
        parts = [
            f"## {self.name}: {_number(self.cubes, 'cube')}, {_number(self._true, 'true source')}",
            self._counts_table(),
            self._values_table(),
        ]
        if len(self.standings) > 1:
            parts += [self._differences_table()]
        return "\n\n".join(parts)

    def report(self) -> str:
        """The summary, and all tables of each finder."""
        return "\n\n".join(
            [
                self.summary(),
                *(_finder_section(label, standing) for label, standing in self.standings.items()),
            ]
        )

    def table(self) -> QTable:
        """One row per finder with all its numbers and their units."""
        rows = [_row(*item) for item in self.standings.items()]
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        table = Table(columns, units={name: unit for name in columns if (unit := _unit(name))})
        table.meta = {"set": self.name, "cubes": self.cubes, "version": __version__}
        return QTable(table)

    def as_dict(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        return {
            "version": __version__,
            "set": self.name,
            "cubes": self.cubes,
            "finders": {label: each.as_dict() for label, each in self.standings.items()},
            "differences": [each.as_dict() for each in self.differences],
        }

    def write(self, folder: Path) -> None:
        """Write benchmark.md, benchmark.ecsv and benchmark.json into a folder."""
        text = {
            "benchmark.md": self.report() + "\n",
            "benchmark.json": json.dumps(self.as_dict(), indent=1) + "\n",
        }
        for name, content in text.items():
            with whole_file(folder / name) as path:
                path.write_text(content, encoding="utf-8")
        with whole_file(folder / "benchmark.ecsv") as path:
            self.table().write(path, format="ascii.ecsv", overwrite=True)

    @property
    def _true(self) -> int:
        return max((s.score.one_to_one.n_true for s in self.standings.values()), default=0)

    def _counts_table(self) -> str:
        rows = [
            [label, *counts_cells(each.score.one_to_one), str(len(each.refused))]
            for label, each in self.standings.items()
        ]
        return text_table(("finder", *COUNTS_HEADER, "refused"), rows)

    def _values_table(self) -> str:
        units = {name: each.unit for name, each in self._parameters().items()}
        header = (
            "1.48 MAD of",
            *(f"{name} ({unit})" for name, unit in units.items()),
            "flux within 10 %",
            "CPU s / cube",
            "peak MiB",
        )
        rows = [
            [
                label,
                *(number(each.residual(name).mad_std, digits=2) for name in units),
                percent((each.residual("line flux").within or (None, None))[1]),
                number(float(np.median(each.cpu_s)), digits=2),
                f"{each.peak_bytes.max() / MIB:.0f}",
            ]
            for label, each in self.standings.items()
        ]
        return text_table(header, rows)

    def _parameters(self) -> dict[str, Residuals]:
        first = next(iter(self.standings.values()))
        return {name: first.residual(name) for name in SHOWN}

    def _differences_table(self) -> str:
        rows = [
            [
                f"{each.one} - {each.other}",
                each.measure,
                _signed(each),
                "yes" if each.real else "no",
            ]
            for each in self.differences
        ]
        table = text_table(("difference", "of", "value and 95 % interval", "real"), rows)
        return f"{table}\n\n{EXPLAINED}"


def compare(campaign: Campaign, *, name: str) -> Comparison:
    """Score all finders of a campaign. name : of the set of cubes."""
    return Comparison(
        name=name,
        cubes=len(campaign.truths),
        standings={label: _standing(campaign, found) for label, found in campaign.found.items()},
    )


def _standing(campaign: Campaign, found: Mapping[str, Found]) -> Standing:
    truths = campaign.truths
    searched = {key: each for key, each in found.items() if each.refused is None}
    return Standing(
        score=pool((found[key].catalogue, truth) for key, truth in truths.items()),
        stages=count_stages([(each.snapshots, truths[key]) for key, each in searched.items()]),
        by_cube=tuple(match(found[key].catalogue, truth).counts for key, truth in truths.items()),
        cpu_s=np.array([each.cost.cpu_s for each in found.values()]),
        wall_s=np.array([each.cost.wall_s for each in found.values()]),
        peak_bytes=np.array([each.cost.peak_bytes for each in found.values()]),
        refused={key: each.refused for key, each in found.items() if each.refused is not None},
    )


def _finder_section(label: str, standing: Standing) -> str:
    parts = [f"## {label}"]
    if standing.stages:
        parts += ["### After each step", stage_table(standing.stages)]
    parts.append(standing.score.table())
    if standing.refused:
        parts.append("### Refused")
        parts.append("\n".join(f"- {key}: {why}" for key, why in standing.refused.items()))
    return "\n\n".join(parts)


def _row(label: str, standing: Standing) -> dict[str, Any]:
    """One finder's row of `Comparison.table`, by column."""
    counts = standing.score.one_to_one
    row: dict[str, Any] = {"finder": label, "true": counts.n_true}
    row |= {"tp": counts.tp, "fp": counts.fp, "fn": counts.fn}
    row["precision"] = counts.precision
    row["precision_low"], row["precision_high"] = counts.precision_interval()
    row["recall"] = counts.recall
    row["recall_low"], row["recall_high"] = counts.recall_interval()
    row["f1"] = counts.f1
    for name, column in COLUMNS.items():
        residuals = standing.residual(name)
        row[f"{column}_median"], row[f"{column}_mad_std"] = residuals.median, residuals.mad_std
    row["line_flux_within_10"] = (standing.residual("line flux").within or (None, np.nan))[1]
    row["cpu"], row["wall"] = np.median(standing.cpu_s), np.median(standing.wall_s)
    row["peak_memory"] = standing.peak_bytes.max() / MIB
    row["refused"] = len(standing.refused)
    return row


def _unit(name: str) -> str | None:
    """The unit of a column of `Comparison.table`."""
    parameter = name.removesuffix("_median").removesuffix("_mad_std")
    return UNITS.get(parameter)


def _signed(difference: Difference) -> str:
    value, low, high = difference.value, difference.low, difference.high
    if not np.isfinite([value, low, high]).all():
        return "-"
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"


def _number(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
