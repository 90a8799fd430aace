"""The tables of an evaluation, against counts by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table
from recorded import records

from deepfocus.evaluation.assessment import Assessment, assess
from deepfocus.evaluation.assessment_tables import tables_of_set
from deepfocus.evaluation.counts import wilson_interval
from deepfocus.evaluation.detection_tables import standings_table
from deepfocus.evaluation.report_table import ReportTable


@pytest.fixture(scope="module")
def assessment() -> Assessment:
    return assess(records())


@pytest.fixture(scope="module")
def tables(assessment: Assessment) -> dict[str, ReportTable]:
    return {table.name.removeprefix("three."): table for table in tables_of_set(assessment)}


def test_the_standing_of_a_finder(assessment: Assessment) -> None:
    (row,) = standings_table([assessment]).rows
    assert (row["cubes"], row["true"]) == (2, 6)
    assert (row["tp"], row["fp"], row["fn"]) == (3, 1, 3)
    # boxes and ranges are those of the truth, and no cube has more rows than sources
    assert (row["paper_tp"], row["paper_fp"], row["paper_fn"]) == (3, 0, 3)
    assert (row["recall"], row["precision"]) == (0.5, 0.75)
    assert (row["recall_low"], row["recall_high"]) == wilson_interval(3, 6)
    assert row["false_per_cube"] == 0.5
    assert row["pieces_per_source"] == 1.0
    # off by 5%, 5% and 25%
    assert row["flux_within_10"] == pytest.approx(2 / 3)
    assert row["flux_within_30"] == 1.0
    assert (row["cpu"], row["peak_memory"], row["refused"]) == (2.0, 256.0, 0)


def test_table_4_has_each_step_and_the_papers_numbers(tables: dict[str, ReportTable]) -> None:
    by_step = {(row["finder"], row["step"]): row for row in tables["table-4"].rows}
    counts = {
        step: tuple(by_step["one", step][name] for name in ("tp", "fp", "fn"))
        for step in ("blobs", "lines", "catalogue")
    }
    assert counts == {"blobs": (5, 0, 1), "lines": (4, 0, 2), "catalogue": (3, 1, 3)}
    assert by_step["one", "blobs"]["matched_in"] == "image"
    assert by_step["one", "lines"]["matched_in"] == "image and channel"
    paper = by_step["the paper", "Pipeline"]
    assert (paper["paper_tp"], paper["paper_fp"], paper["paper_fn"]) == (4202, 0, 354)
    assert paper["mean_iou"] == 0.74
    assert "tp" not in paper
    assert "| the paper | " in tables["table-4"].markdown().replace("  ", "")


def test_table_4_leaves_blank_what_the_paper_does_not_say(
    tables: dict[str, ReportTable], tmp_path: Path
) -> None:
    tables["table-4"].write(tmp_path)
    read = Table.read(tmp_path / "three.table-4.ecsv")
    paper = read["finder"] == "the paper"
    assert read["tp"].mask[paper].all()
    assert not read["tp"].mask[~paper].any()
    assert read["paper_tp"][paper].tolist() == [4056, 4202, 4202, 2779, 1010, 3560]


def test_table_5_has_our_numbers_beside_the_papers(tables: dict[str, ReportTable]) -> None:
    rows = {row["parameter"]: row for row in tables["table-5"].rows}
    # one of three is 0.2 px to the right: true - measured
    assert rows["x"]["n"] == 3
    assert rows["x"]["mean"] == pytest.approx(-0.2 / 3)
    assert rows["x"]["std"] == pytest.approx(np.std([-0.2, 0, 0]))
    assert (rows["x"]["paper_mean"], rows["x"]["paper_std"]) == (-0.004, 0.73)
    assert rows["line flux"]["within_10"] == pytest.approx(2 / 3)
    assert rows["line flux"]["paper_within_10"] == 0.80
    assert rows["line flux"]["paper_unit"] == "mJy/beam"


def test_completeness_by_ideal_snr_has_wilson_intervals(tables: dict[str, ReportTable]) -> None:
    rows = {row["low"]: row for row in tables["completeness"].rows}
    assert {low: (row["found"], row["true"]) for low, row in rows.items()} == {
        5.0: (0, 2), 8.0: (1, 2), 30.0: (2, 2),
    }  # fmt: skip
    low, high = wilson_interval(1, 2)
    assert (rows[8.0]["completeness_low"], rows[8.0]["completeness_high"]) == (low, high)


def test_errors_in_bounds_and_no_pulls_where_none_are_stated(
    tables: dict[str, ReportTable],
) -> None:
    (row,) = tables["bounds"].rows
    # only x has a bound: 0.1 px; errors of 0.2, 0 and 0
    assert (row["parameter"], row["n"], row["median"]) == ("x", 3, 0.0)
    assert "pulls" not in tables


def test_losses_are_counted_and_listed(tables: dict[str, ReportTable]) -> None:
    assert {row["step"]: row["lost"] for row in tables["lost-at"].rows} == {
        "blobs": 1, "lines": 1, "catalogue": 1,
    }  # fmt: skip
    listed = tables["losses"]
    assert [(row["cube"], row["source"], row["step"]) for row in listed.rows] == [
        ("1", 1, "blobs"), ("1", 2, "catalogue"), ("2", 1, "lines"),
    ]  # fmt: skip
    assert listed.cells[1][-2] == "1, 0.0 off, detection probability too low"
    assert listed.cells[0][-2:] == ["-", "-"]


def test_tables_are_written_for_machines_and_for_people(
    tables: dict[str, ReportTable], tmp_path: Path
) -> None:
    for table in tables.values():
        table.write(tmp_path)
        read = Table.read(tmp_path / f"{table.name}.ecsv")
        assert len(read) == len(table.rows)
        markdown = (tmp_path / f"{table.name}.md").read_text(encoding="utf-8")
        assert len([line for line in markdown.splitlines() if line[:1] == "|"]) == len(read) + 2
    assert Table.read(tmp_path / "three.losses.ecsv")["x"].unit == "pix"
