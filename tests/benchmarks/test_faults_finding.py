"""The script that tells what faults do to finding: cases, statistics, and a tiny run."""

from __future__ import annotations

import json
from pathlib import Path

import faults_finding
import numpy as np
import pytest
from faults_finding import NONE, CubeResult

from deepfocus.core.settings import load_table
from deepfocus.evaluation.counts import Counts

FEW = ("bandpass ripple", "flagged antennas, known", "flagged antennas, unknown")


def result(counts: Counts, flux: list[float], pulls: tuple[float, ...] = ()) -> CubeResult:
    return CubeResult(counts, np.array(flux), np.array(pulls), np.array(pulls))


def test_a_case_has_the_truth_of_the_one_it_is_compared_with() -> None:
    cases = {case.name: case for case in faults_finding.cases()}
    assert len(cases) == 1 + 3 * len(faults_finding.FAULTS)
    for case in cases.values():
        other = cases[case.against]
        antennas = [each.faults.get("flagged_antennas") for each in (case, other)]
        known = case.fault == faults_finding.KNOWN
        assert known or antennas[0] == antennas[1]
        assert other is NONE or other.fault == faults_finding.KNOWN


def test_every_fault_is_a_setting_that_a_set_takes() -> None:
    for case in faults_finding.cases():
        scenes = faults_finding.scenes_of(faults_finding.BASE, case, 2)
        assert scenes.keys == ("2000000", "2000001")


def test_numbers_of_a_row_are_those_counted_by_hand() -> None:
    without = [
        result(Counts(tp=2, fp=0, fn=0), [1.0, 1.1]),
        result(Counts(tp=2, fp=1, fn=0), [0.9, 1.0]),
    ]
    with_it = [
        result(Counts(tp=1, fp=2, fn=1), [0.8, np.nan], (0.5, -3.0)),
        result(Counts(tp=2, fp=1, fn=0), [0.72, 0.8], (0.9, 2.0)),
    ]
    row = faults_finding.row_of(NONE, "any", with_it, without)
    assert (row.found, row.true, row.cubes) == (3, 4, 2)
    assert row.completeness_more[0] == pytest.approx(-0.25)
    # a draw has both cubes, or one of them twice
    assert row.completeness_more[1:] == pytest.approx((-0.5, 0.0))
    assert (row.false, row.false_more) == (1.5, pytest.approx((1.0, 0.0, 2.0)))
    assert row.flux == pytest.approx(0.8)
    assert row.flux_changed == pytest.approx((0.8, 0.8, 0.8))
    assert row.flux_coverage == 0.5
    # median 0.7, deviations 0.2, 0.2, 1.3 and 3.7: their median is 0.75
    assert row.flux_width == pytest.approx(1.4826 * 0.75, rel=1e-4)


def test_finders_stand_beside_each_other() -> None:
    cubes = [result(Counts(tp=1, fp=2, fn=1), [0.5, np.nan])] * 3
    rows = [faults_finding.row_of(NONE, label, cubes, cubes) for label in ("one", "other")]
    header, _, line = faults_finding.beside(rows, faults_finding._counted).splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")][3:] == ["one", "other"]
    assert [cell.strip() for cell in line.strip("|").split("|")][2:] == ["6", "3 / 6", "3 / 6"]


def test_no_pairs_make_no_numbers() -> None:
    nothing = [result(Counts(tp=0, fp=0, fn=1), [np.nan])] * 2
    row = faults_finding.row_of(NONE, "any", nothing, nothing)
    assert np.isnan([row.flux, *row.flux_changed, row.flux_coverage, row.flux_width]).all()
    assert faults_finding.table([row]).count(" nan ") == 0


def test_a_run_makes_a_table_and_goes_on(
    tiny_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = load_table(tiny_set) | {"noise": {"kind": "thermal"}}
    monkeypatch.setattr(faults_finding, "BASE", base)
    out = tmp_path / "records"
    arguments = ["--out", str(out), "--cubes", "1", "--finders", "blobcat", "--faults", *FEW]
    faults_finding.main(arguments)
    rows = [json.loads(line) for line in (out / "rows.jsonl").read_text().splitlines()]
    assert [(row["fault"], row["cubes"]) for row in rows] == [
        ("none", 1),
        *((fault, 1) for fault in FEW for _ in range(3)),
    ]
    assert rows[0]["flux_changed"] == [1.0, 1.0, 1.0]
    table = (out / "table.md").read_text()
    assert table in capsys.readouterr().out
    record = next(out.glob("none/found/blobcat/2*.json"))
    made = record.stat().st_mtime_ns
    faults_finding.main(arguments)
    assert record.stat().st_mtime_ns == made
    assert (out / "table.md").read_text() == table
